package dashboard

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"shouwang/alerting/report"
	"shouwang/dashboard/access"
)

// AuditQuery selects lines of the audit log.
type AuditQuery struct {
	Actor  string    `query:"actor" maxLength:"64" doc:"User name."`
	Action string    `query:"action" maxLength:"64" doc:"The operation, e.g. ack-alert or sign-in."`
	Object string    `query:"object" maxLength:"100" doc:"What it was done to, e.g. a resident's id."`
	Search string    `query:"search" maxLength:"100" doc:"Part of object or detail."`
	From   time.Time `query:"from"`
	To     time.Time `query:"to" doc:"Not included."`
}

func (q AuditQuery) filter(ctx context.Context) access.AuditFilter {
	return access.AuditFilter{Scope: caller(ctx).Scope, Actor: q.Actor, Action: q.Action, Object: q.Object, Query: q.Search, From: q.From, To: q.To}
}

type auditIn struct {
	Page
	AuditQuery
}

type auditFile struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// maxAuditFile is the most lines in one file.
const maxAuditFile = 20_000

func (d *Dashboard) serveAudit() {
	add(d, "list-audit", "Who did what, newest first", func(ctx context.Context, in *auditIn) (*listOut[access.Entry], error) {
		f := in.filter(ctx)
		f.Limit = in.Limit
		if in.Cursor != "" {
			var err error
			if f.Before, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || f.Before <= 0 {
				return nil, invalid("cursor", in.Cursor, "must be the next of an earlier page")
			}
		}
		list, err := d.opts.Access.AuditLog(ctx, f)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == in.Limit {
			next = strconv.FormatInt(list[len(list)-1].ID, 10)
		}
		return &listOut[access.Entry]{newList(list, next)}, nil
	})
	add(d, "export-audit", "The lines as a CSV file, newest first, at most 20 000", func(ctx context.Context, in *AuditQuery) (*auditFile, error) {
		f := in.filter(ctx)
		f.Limit = maxAuditFile
		list, err := d.opts.Access.AuditLog(ctx, f)
		if err != nil {
			return nil, err
		}
		file, err := auditCSV(list)
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "export-audit", "", "", fmt.Sprintf("%d lines", len(list)))
		return &auditFile{
			Type: "text/csv; charset=utf-8", Disposition: `attachment; filename="audit-` + time.Now().UTC().Format("20060102T150405Z") + `.csv"`, Body: file,
		}, nil
	})
}

func auditCSV(list []access.Entry) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("\ufeff") // Excel takes it for UTF-8 then
	w := csv.NewWriter(&out)
	rows := [][]string{{"编号", "时间", "用户", "操作", "对象", "区域", "说明"}}
	for _, e := range list {
		rows = append(rows, []string{
			strconv.FormatInt(e.ID, 10), e.At.Format(time.RFC3339), report.Cell(e.Actor), report.Cell(e.Action), report.Cell(e.Object), report.Cell(string(e.Area)), report.Cell(e.Detail),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write CSV: %w", err)
	}
	return out.Bytes(), nil
}
