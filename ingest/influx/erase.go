package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// noOrg is the organisation of 1.8, which has none.
const noOrg = "-"

// Erase deletes what is stored of the device, readings and rollups, of the metrics or
// without any of all, from one time
// up to and without another; a zero time lifts that bound. InfluxDB answers
// queries without it from then on, and frees the disk when it next compacts the
// shards. An error means: call again.
func (s *Series) Erase(ctx context.Context, device devices.DeviceID, from, to time.Time, metrics ...devices.Metric) error {
	// The bounds of 1.8, within those of 2.x; no reading is outside.
	if first := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC); from.Before(first) {
		from = first
	}
	if last := time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC); to.IsZero() || to.After(last) {
		to = last
	}
	if !from.Before(to) {
		return nil
	}
	// A nanosecond before: no reading can be there, so it does not matter
	// whether the server takes the last time in.
	last := to.Add(-time.Nanosecond)
	if len(metrics) == 0 {
		metrics = []devices.Metric{""} // all
	}
	var err error
	for _, m := range metrics {
		err = errors.Join(err, s.eraseOf(ctx, device, m, from, last))
	}
	if err == nil {
		err = s.eraseBorder(ctx, device, from)
	}
	if err != nil {
		return fmt.Errorf("erase readings: %w", err)
	}
	return nil
}

// eraseOf deletes one metric of the device, or with "" all.
func (s *Series) eraseOf(ctx context.Context, device devices.DeviceID, metric devices.Metric, from, last time.Time) error {
	if s.org == noOrg {
		return s.erase1(ctx, device, metric, from, last)
	}
	predicate := "device=" + predicateString(string(device))
	if metric != "" {
		predicate = "_measurement=" + predicateString(string(metric)) + " AND " + predicate
	}
	return s.client.DeleteAPI().DeleteWithName(ctx, s.org, s.bucket, from, last, predicate)
}

// eraseBorder empties the rollups of the hour in which the erased time begins:
// their point lies before it, and readings of the hour that stay tell it anew.
func (s *Series) eraseBorder(ctx context.Context, device devices.DeviceID, from time.Time) error {
	hour := ingest.HourOf(from.UnixMicro())
	if hour == from.UnixMicro() {
		return nil
	}
	var lines []byte
	flux := s.stretch(hour, hour+1) + ` |> filter(fn: (r) => r.device == ` + quote(string(device)) + ` and r._field == "hour_count")`
	err := s.each(ctx, flux, func(r row) error {
		lines = append(lines, escapeMeasurement.Replace(r.Measurement())...)
		lines = append(lines, ",device="...)
		lines = append(lines, escapeTag.Replace(string(device))...)
		lines = append(lines, " hour_count=0i,hour_mean=0,hour_min=0,hour_max=0,hour_first=0,hour_last=0,hour_first_at=0i,hour_last_at=0i,hour_use_l=0 "...)
		lines = append(strconv.AppendInt(lines, hour, 10), '\n')
		return nil
	})
	if err != nil || len(lines) == 0 {
		return err
	}
	return classify(s.writer.WriteRecord(ctx, string(lines)))
}

// erase1 is Erase of 1.8, whose DELETE covers all retention policies of the
// database.
func (s *Series) erase1(ctx context.Context, device devices.DeviceID, metric devices.Metric, from, last time.Time) error {
	database, _, _ := strings.Cut(s.bucket, "/")
	literal := "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(string(device)) + "'"
	measurement := "/.+/"
	if metric != "" {
		measurement = predicateString(string(metric))
	}
	form := url.Values{"db": {database}, "q": {fmt.Sprintf(`DELETE FROM %s WHERE device = %s AND time >= '%s' AND time <= '%s'`,
		measurement, literal, from.UTC().Format(time.RFC3339Nano), last.UTC().Format(time.RFC3339Nano))}}
	service := s.client.HTTPService()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(service.ServerURL(), "/")+"/query", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", service.Authorization())
	resp, err := s.http.Do(req)
	if err != nil {
		return &ingest.RetryError{Err: fmt.Errorf("reach InfluxDB: %w", err)}
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return &ingest.RetryError{Err: fmt.Errorf("read answer of InfluxDB: %w", err)}
	}
	// 1.8 answers 200 also to what it could not do, and says so inside.
	var answer struct {
		Error   string `json:"error"`
		Results []struct {
			Error string `json:"error"`
		} `json:"results"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("InfluxDB answered %d, which is no JSON: %w", resp.StatusCode, err)
	}
	for _, r := range answer.Results {
		if answer.Error == "" {
			answer.Error = r.Error
		}
	}
	if resp.StatusCode != http.StatusOK || answer.Error != "" {
		return fmt.Errorf("InfluxDB answered %d: %.300s", resp.StatusCode, answer.Error)
	}
	return nil
}

// predicateString makes a literal of the delete API, which knows fewer escapes
// than Flux.
func predicateString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
