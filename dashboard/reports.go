package dashboard

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/report"
	"shouwang/devices"
)

// Reports reads what a month's figures are counted from, and keeps the random
// tests of desks.
type Reports interface {
	MonthCases(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to time.Time) ([]report.Case, error)
	MonthSilences(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to time.Time) ([]report.Silence, error)
	// VisitsBetween are the visits of everywhere that were due, reported or settled
	// in [from, to).
	VisitsBetween(ctx context.Context, from, to time.Time, open bool) ([]alerting.Visit, error)
	Uncovered(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to time.Time) ([]alerting.Uncovered, error)
	DutyChecks(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to, now time.Time) ([]alerting.DutyCheck, error)
	PutDutyCheck(ctx context.Context, c alerting.DutyCheck) error
	AnswerDutyCheck(ctx context.Context, scope devices.Scope, id string, by alerting.Actor, at time.Time) (alerting.DutyCheck, error)
}

// ReportIn says which report is asked for.
type ReportIn struct {
	Month string `query:"month" maxLength:"7" doc:"As 2026-11; this month by default."`
	Area  string `query:"area" maxLength:"200" doc:"This area and what lies in it; all that the caller sees by default."`
}

type reportItemsIn struct {
	ReportIn
	List string `query:"list" required:"true" maxLength:"200" doc:"The list of a number of the report."`
}

type reportItems struct {
	Items []reportItem `json:"items"`
}

type reportItem struct {
	report.Item
	Name string `json:"resident_name,omitempty" doc:"As lists show it."`
}

type reportFileIn struct {
	ReportIn
	Format   string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	Language string `query:"language" enum:"zh,en" default:"zh"`
}

type reportFile struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

type askIn struct {
	Body struct {
		Area devices.AreaPath `json:"area" doc:"The area of the desk."`
	}
}

type currentCheck struct {
	Check *alerting.DutyCheck `json:"check" doc:"The test that waits for an answer; null when none does."`
}

type dutyChecksOut struct {
	Month string               `json:"month"`
	Items []alerting.DutyCheck `json:"items"`
}

func (d *Dashboard) serveReports() {
	add(d, "get-report", "What became of a month's alerts and visits, against what is promised", func(ctx context.Context, in *ReportIn) (*body[*report.Monthly], error) {
		r, err := d.report(ctx, in)
		return &body[*report.Monthly]{r}, err
	})
	add(d, "list-report-items", "What is behind one number of a report", func(ctx context.Context, in *reportItemsIn) (*body[reportItems], error) {
		r, err := d.report(ctx, &in.ReportIn)
		if err != nil {
			return nil, err
		}
		items, ok := r.List(in.List)
		if !ok {
			return nil, invalid("list", in.List, "must be the list of a number of this report")
		}
		out := reportItems{Items: make([]reportItem, len(items))}
		for i, it := range items {
			out.Items[i] = reportItem{it, d.listedName(ctx, it.Resident)}
		}
		return &body[reportItems]{out}, nil
	})
	add(d, "export-report", "The report as a workbook or as CSV", d.exportReport)
	add(d, "list-duty-checks", "Random tests of desks, and who answered", func(ctx context.Context, in *monthIn) (*body[dutyChecksOut], error) {
		from, to, err := d.month(in)
		if err != nil {
			return nil, err
		}
		list, err := d.opts.Reports.DutyChecks(ctx, caller(ctx).Scope, "", from, to, time.Now())
		return &body[dutyChecksOut]{dutyChecksOut{from.Format("2006-01"), newList(list, "").Items}}, err
	})
	add(d, "get-duty-check", "The test of the caller's desk that waits for an answer", d.currentDutyCheck)
	add(d, "ask-duty-check", "Test now whether somebody is at a desk", d.askDutyCheck, status(http.StatusCreated))
	add(d, "answer-duty-check", "Somebody is at the desk", func(ctx context.Context, in *ByID) (*body[alerting.DutyCheck], error) {
		c, err := d.opts.Reports.AnswerDutyCheck(ctx, caller(ctx).Scope, in.ID, actor(ctx), time.Now())
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "answer-duty-check", c.ID, c.Area, "")
		return &body[alerting.DutyCheck]{c}, nil
	})
}

// report counts the month anew each time: a month of a county is some thousand
// alerts.
func (d *Dashboard) report(ctx context.Context, in *ReportIn) (*report.Monthly, error) {
	from, to, err := d.month(&monthIn{Month: in.Month})
	if err != nil {
		return nil, err
	}
	area, scope := devices.AreaPath(in.Area), caller(ctx).Scope
	if area != "" && !scope.Area(area) {
		return nil, newProblem(http.StatusNotFound, "there is no such area of yours")
	}
	now := time.Now().UTC().Truncate(time.Second)
	data := report.Data{Area: area, Month: report.Month{From: from, To: to}, Now: now, Devices: map[string]int{}}
	mine := func(a devices.AreaPath) bool { return scope.Area(a) && area.Contains(a) }
	for _, who := range d.opts.Registry.Everybody(now) {
		if mine(who.Area) && who.State == devices.Active {
			data.Residents++
		}
	}
	if data.Cases, err = d.opts.Reports.MonthCases(ctx, scope, area, from, to); err != nil {
		return nil, err
	}
	if data.Silences, err = d.opts.Reports.MonthSilences(ctx, scope, area, from, to); err != nil {
		return nil, err
	}
	if err := d.countDevices(ctx, &data); err != nil {
		return nil, err
	}
	if data.Visits, err = d.opts.Reports.VisitsBetween(ctx, from, to, false); err != nil {
		return nil, err
	}
	data.Visits = slices.DeleteFunc(data.Visits, func(v alerting.Visit) bool { return !mine(v.Area) })
	data.Providers = d.providerNames()
	if data.Uncovered, err = d.opts.Reports.Uncovered(ctx, scope, area, from, to); err != nil {
		return nil, err
	}
	if data.Checks, err = d.opts.Reports.DutyChecks(ctx, scope, area, from, to, now); err != nil {
		return nil, err
	}
	quotas, err := d.opts.Rounds.Quotas(ctx, scope, from, now)
	if err != nil {
		return nil, err
	}
	data.Quotas = slices.DeleteFunc(quotas, func(q alerting.VisitQuota) bool { return !area.Contains(q.Area) })
	return report.Build(data), nil
}

// countDevices tells how many devices those have of whom one was silent.
func (d *Dashboard) countDevices(ctx context.Context, data *report.Data) error {
	for _, s := range data.Silences {
		if _, done := data.Devices[s.Resident]; done {
			continue
		}
		list, err := d.opts.Registry.Assignments(ctx, s.Resident)
		if err != nil {
			return err
		}
		data.Devices[s.Resident] = 0
		for _, a := range list {
			if a.From.Before(data.Now) && (a.To.IsZero() || a.To.After(data.Now)) {
				data.Devices[s.Resident]++
			}
		}
	}
	return nil
}

func (d *Dashboard) exportReport(ctx context.Context, in *reportFileIn) (*reportFile, error) {
	r, err := d.report(ctx, &in.ReportIn)
	if err != nil {
		return nil, err
	}
	write := map[string]func(io.Writer, string, *time.Location) error{"xlsx": r.WriteXLSX, "csv": r.WriteCSV}[in.Format]
	var out bytes.Buffer
	zone := d.opts.Duty.Roster().Zone
	if err := write(&out, in.Language, zone); err != nil {
		return nil, err
	}
	name := "shouwang-" + r.Month
	if in.Area != "" {
		name += "-" + strings.ReplaceAll(in.Area, "/", "-")
	}
	d.audit(ctx, "export-report", r.Month, r.Area, in.Format)
	return &reportFile{
		Type: map[string]string{
			"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8",
		}[in.Format],
		Disposition: `attachment; filename="` + name + "." + in.Format + `"`, Body: out.Bytes(),
	}, nil
}

func (d *Dashboard) currentDutyCheck(ctx context.Context, _ *struct{}) (*body[currentCheck], error) {
	now := time.Now()
	list, err := d.opts.Reports.DutyChecks(ctx, caller(ctx).Scope, "", now.Add(-alerting.DutyCheckTime), now.Add(time.Second), now)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Answered == nil && now.Before(list[i].Until) {
			return &body[currentCheck]{currentCheck{&list[i]}}, nil
		}
	}
	return &body[currentCheck]{}, nil
}

func (d *Dashboard) askDutyCheck(ctx context.Context, in *askIn) (*body[alerting.DutyCheck], error) {
	if !caller(ctx).Scope.Area(in.Body.Area) {
		return nil, invalid("area", string(in.Body.Area), "must be an area of yours")
	}
	c := alerting.AskNow(in.Body.Area, actor(ctx), time.Now())
	if err := d.opts.Reports.PutDutyCheck(ctx, c); err != nil {
		return nil, err
	}
	d.audit(ctx, "ask-duty-check", c.ID, c.Area, "")
	return &body[alerting.DutyCheck]{c}, nil
}
