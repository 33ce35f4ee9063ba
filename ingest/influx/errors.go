package influx

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"shouwang/ingest"
)

// errTooLarge: the same readings in smaller requests may pass.
var errTooLarge = errors.New("request too large for InfluxDB")

// dataError: the server is well, but some of these readings it will never
// take. dropped is how many, as far as it says.
type dataError struct {
	reason  string
	dropped int
}

func (e *dataError) Error() string { return e.reason }

// refusals are the parts of the messages of a 400 or 422 by which InfluxDB
// says that the data is at fault. Anything else with these codes (a limit, a
// wrong parameter) is a matter of its configuration: mended there, the same
// data is taken, so nothing is given up.
var refusals = []string{
	"field type conflict",
	"unable to parse",
	"beyond retention policy",
	"outside retention policy",
	"max key length exceeded",
	"time outside range",
}

var droppedCount = regexp.MustCompile(`dropped[= ](\d+)`)

// classify sorts what the client returned: nil, errTooLarge, a *dataError, or
// an *ingest.RetryError that says what to mend.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var answer *influxhttp.Error
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		return &ingest.RetryError{Err: fmt.Errorf("reach InfluxDB: %w", err)}
	}
	message := text(answer)
	switch answer.StatusCode {
	case http.StatusRequestEntityTooLarge:
		return errTooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		for _, refusal := range refusals {
			if strings.Contains(message, refusal) {
				return &dataError{message, dropped(message)}
			}
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		message += " (check series.token_file: the token must be allowed to read and write the bucket)"
	case http.StatusNotFound:
		message += " (check series.bucket and series.org: the bucket must exist)"
	}
	return &ingest.RetryError{
		After: time.Duration(answer.RetryAfter) * time.Second,
		Err:   fmt.Errorf("InfluxDB answered %d: %s", answer.StatusCode, message),
	}
}

// text is the server's message, however it was packed, cut to 500 bytes.
func text(answer *influxhttp.Error) string {
	message := answer.Message
	if message == "" {
		message = answer.Header.Get("X-Influxdb-Error") // 1.8
	}
	if message == "" {
		message = http.StatusText(answer.StatusCode)
	}
	return strings.ToValidUTF8(message[:min(len(message), 500)], "")
}

func dropped(message string) int {
	found := droppedCount.FindStringSubmatch(message)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return n
}
