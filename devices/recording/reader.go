package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"shouwang/devices"
)

// Row is one recorded reading. Device is as written: "vendor/id", or an id
// alone where the recording knows no vendor.
type Row struct {
	At       time.Time // UTC
	Received time.Time // UTC; when nothing was written, At
	Device   string
	Metric   devices.Metric
	Value    float64 // finite
	Quality  devices.Quality
}

// Error is a place in a file that does not follow the format.
type Error struct {
	Line   int
	Column string // name of the column, "" for the line as a whole
	Value  string
	Rule   string
}

func (e *Error) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Rule)
	}
	return fmt.Sprintf("line %d, column %s: %q: %s", e.Line, e.Column, e.Value, e.Rule)
}

// Reader reads rows one by one.
type Reader struct {
	csv     *csv.Reader
	columns []string
	names   map[string]string // one copy of each device, metric and quality
}

func columns() []string { return []string{"ts", "received", "device", "metric", "value", "quality"} }

// The columns that a row has at least, and at most.
const (
	fewestColumns = 5
	mostColumns   = 6
)

// NewReader reads the header. Gzip is recognised by its first bytes; a byte
// order mark is passed over.
func NewReader(r io.Reader) (*Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("open gzip: %w", err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	c := csv.NewReader(b)
	c.ReuseRecord = true
	c.FieldsPerRecord = -1
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, &Error{Line: 1, Rule: "no header: " + headerRule()}
	}
	if err != nil {
		return nil, lineError(err)
	}
	if !slices.Equal(header, columns()[:fewestColumns]) && !slices.Equal(header, columns()) {
		return nil, &Error{Line: 1, Rule: headerRule()}
	}
	return &Reader{csv: c, columns: columns()[:len(header)], names: map[string]string{}}, nil
}

func headerRule() string {
	return "the header must be ts,received,device,metric,value with quality after it or not"
}

func lineError(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return &Error{Line: parse.Line, Rule: parse.Err.Error()}
	}
	return fmt.Errorf("read csv: %w", err)
}

// Read returns the next row, io.EOF after the last. An *Error names line and
// column; reading may go on after it.
func (r *Reader) Read() (Row, error) {
	fields, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return Row{}, io.EOF
	}
	if err != nil {
		return Row{}, lineError(err)
	}
	if len(fields) != len(r.columns) {
		line, _ := r.csv.FieldPos(0)
		return Row{}, &Error{Line: line, Rule: fmt.Sprintf("has %d fields, the header has %d", len(fields), len(r.columns))}
	}
	row := Row{}
	if row.At, err = r.time(fields, 0); err != nil {
		return Row{}, err
	}
	row.Received = row.At
	if fields[1] != "" {
		if row.Received, err = r.time(fields, 1); err != nil {
			return Row{}, err
		}
	}
	if row.Device, err = r.device(fields); err != nil {
		return Row{}, err
	}
	if fields[3] == "" || strings.ContainsFunc(fields[3], func(c rune) bool { return c <= ' ' || c == '"' }) {
		return Row{}, r.wrong(fields, 3, "must be the name of a metric")
	}
	row.Metric = devices.Metric(r.name(fields[3]))
	row.Value, err = strconv.ParseFloat(fields[4], 64)
	if err != nil || math.IsNaN(row.Value) || math.IsInf(row.Value, 0) {
		return Row{}, r.wrong(fields, 4, "must be a finite number")
	}
	if len(fields) == mostColumns {
		row.Quality = devices.Quality(r.name(fields[5]))
	}
	return row, nil
}

func (r *Reader) time(fields []string, n int) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, fields[n])
	if err != nil {
		return time.Time{}, r.wrong(fields, n, "must be a time as in RFC 3339, with offset")
	}
	return t.UTC(), nil
}

func (r *Reader) device(fields []string) (string, error) {
	if known, ok := r.names[fields[2]]; ok {
		return known, nil
	}
	vendor, id, ok := strings.Cut(fields[2], "/")
	if !ok {
		vendor, id = "none", fields[2]
	}
	if _, err := devices.NewDeviceID(vendor, id); err != nil {
		return "", r.wrong(fields, 2, "must be vendor/id or id: "+err.Error())
	}
	return r.name(fields[2]), nil
}

// name keeps one copy of each name: a field shares the memory of its line.
func (r *Reader) name(s string) string {
	if known, ok := r.names[s]; ok {
		return known
	}
	s = strings.Clone(s)
	r.names[s] = s
	return s
}

func (r *Reader) wrong(fields []string, n int, rule string) error {
	line, _ := r.csv.FieldPos(n)
	value := fields[n]
	if len(value) > 200 {
		value = value[:200]
	}
	return &Error{Line: line, Column: r.columns[n], Value: strings.Clone(value), Rule: rule}
}
