package influx

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

var _ ingest.Retainer = (*Series)(nil)

// The times a series can hold, in microseconds: see ingest.Unstorable.
var (
	minTime = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	maxTime = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
)

// Retain removes readings and rollups older than their class may become; a
// class that is missing or 0 is kept for ever. Metrics that are not in the
// contract go when the class that is kept longest does: to find their names
// InfluxDB would have to look through everything.
func (s *Series) Retain(ctx context.Context, now time.Time, ages map[devices.Class]time.Duration) error {
	longest, forever := time.Duration(0), false
	for _, class := range []devices.Class{devices.Position, devices.Vitals, devices.Other} {
		longest, forever = max(longest, ages[class]), forever || ages[class] == 0
	}
	before := func(age time.Duration) time.Time {
		return time.UnixMicro(ingest.HourOf(now.Add(-age).UnixMicro())).UTC()
	}
	if !forever {
		if err := s.deleteBefore(ctx, before(longest), ""); err != nil {
			return err
		}
	}
	for class, age := range ages {
		if age == 0 || age == longest && !forever {
			continue
		}
		for _, metric := range devices.MetricsOf(class) {
			if err := s.deleteBefore(ctx, before(age), metric); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteBefore removes what lies before the time, of one metric or of all.
func (s *Series) deleteBefore(ctx context.Context, before time.Time, metric devices.Metric) error {
	var err error
	if s.one() {
		from := "/.*/"
		if metric != "" {
			from = identifier(string(metric))
		}
		_, err = s.influxQL(ctx, fmt.Sprintf("DELETE FROM %s WHERE time < '%s'", from, before.Format(time.RFC3339Nano)))
	} else {
		predicate := ""
		if metric != "" {
			predicate = fmt.Sprintf("_measurement=%q", string(metric)) // of the contract: no quotes in it
		}
		// The stop lies inside.
		err = classify(s.client.DeleteAPI().DeleteWithName(ctx, s.org, s.bucket, time.UnixMicro(minTime).UTC(), before.Add(-time.Nanosecond), predicate))
	}
	if err != nil {
		return fmt.Errorf("delete before %s: %w", before.Format(time.RFC3339), err)
	}
	return nil
}

// one says whether the server is InfluxDB 1.8, which has no organisations.
func (s *Series) one() bool { return s.org == noOrg }

// database and retention policy of 1.8; the policy is empty for the default.
func (s *Series) database() (name, policy string) {
	name, policy, _ = strings.Cut(s.bucket, "/")
	return name, policy
}

// identifier quotes a name of InfluxQL.
func identifier(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(name) + `"`
}

// result of a statement of InfluxQL: the rows of its series.
type result struct {
	Series []struct {
		Columns []string `json:"columns"`
		Values  [][]any  `json:"values"`
	} `json:"series"`
	Error string `json:"error"`
}

// influxQL runs one statement on 1.8.
func (s *Series) influxQL(ctx context.Context, statement string) (result, error) {
	name, _ := s.database()
	form := url.Values{"q": {statement}, "db": {name}}.Encode()
	service := s.client.HTTPService()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(service.ServerURL(), "/")+"/query", strings.NewReader(form))
	if err != nil {
		return result{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", service.Authorization())
	resp, err := s.http.Do(req)
	if err != nil {
		return result{}, fmt.Errorf("reach InfluxDB: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return result{}, fmt.Errorf("read answer of InfluxDB: %w", err)
	}
	var answer struct {
		Results []result `json:"results"`
		Error   string   `json:"error"`
	}
	err = json.Unmarshal(body, &answer)
	switch {
	case answer.Error != "":
		return result{}, fmt.Errorf("InfluxDB answered %d: %s", resp.StatusCode, answer.Error)
	case err != nil || resp.StatusCode != http.StatusOK || len(answer.Results) != 1:
		return result{}, fmt.Errorf("InfluxDB answered %d to a statement", resp.StatusCode)
	case answer.Results[0].Error != "":
		return result{}, fmt.Errorf("InfluxDB: %s", answer.Results[0].Error)
	}
	return answer.Results[0], nil
}
