package detect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"shouwang/devices"
)

// The saved state is binary: a detector with fifty cells is saved with every
// checkpoint in which its meter has spoken, and JSON is ten times as slow. The
// first byte is the version of the form.
const useForm = 3

// useForm1 did not have what can be taken back, and useForm2 wrote numbers longer.
const useForm1, useForm2 = 1, 2

var errForm = errors.New("no state of this form")

// Save implements alerting.Detector.
func (d *WaterUse) Save() ([]byte, error) {
	w := writer{buf: make([]byte, 0, 64+len(d.meters)*600)}
	w.byte(useForm)
	w.uint(uint64(len(d.meters)))
	for i := range d.meters {
		w.string(string(d.meters[i].device))
		w.meter(&d.meters[i].use)
	}
	w.time(d.heard)
	for i := range d.meters {
		starts := d.meters[i].use.habits.starts
		w.uint(uint64(len(starts)))
		for _, s := range starts {
			w.int(s)
		}
	}
	return w.buf, nil
}

// Restore implements alerting.Detector.
func (d *WaterUse) Restore(b []byte) error {
	r := reader{buf: b}
	form := r.byte()
	if form < useForm1 || form > useForm {
		return fmt.Errorf("restore detector state: %w", errForm)
	}
	r.long = form < useForm
	meters := make([]waterMeter, r.count(maxMeters))
	for i := range meters {
		meters[i].device = devices.DeviceID(r.string())
		r.meter(&meters[i].use)
	}
	var heard time.Time
	if form != useForm1 {
		heard = r.time()
		for i := range meters {
			h := &meters[i].use.habits
			h.starts = make([]int64, r.count(keptStarts), keptStarts)
			for j := range h.starts {
				h.starts[j] = r.int()
			}
		}
	}
	if r.bad || len(r.buf) > 0 {
		return fmt.Errorf("restore detector state: %w", errForm)
	}
	d.meters, d.heard = meters, heard
	return nil
}

func (w *writer) meter(m *meterUse) {
	w.register(&m.register)
	w.float(m.stepL)
	w.uint(uint64(len(m.cells)))
	// A cell is as long as the one before, and what it used is by how much the
	// register moved; else by how much it is not.
	var last, span, value int64
	for _, c := range m.cells {
		w.int(int64(c.at) - last - span)
		last, span = int64(c.at), int64(c.at)-last
		moved := value
		value = w.scaled(c.value, 1e5, value)
		used := math.Round(float64(c.used)*100) / 100
		if float32(used) != c.used {
			used = float64(c.used)
		}
		w.scaled(used, 100, value-moved)
	}
	for _, s := range []*spell{&m.leak, &m.burst, &m.high} {
		w.int(s.from)
		w.int(s.over)
	}
	h := &m.habits
	w.int(h.start)
	for _, f := range []float64{h.used, h.peak, h.night, h.resting} {
		w.decimal(f)
	}
	w.int(h.first)
	w.bool(h.spoilt)
	for i := range h.hours {
		w.decimal(float64(h.hours[i]))
		w.float32(h.profile[i])
	}
	w.uint(uint64(h.learnt))
	w.uint(uint64(h.quietFrom))
	w.uint(uint64(len(h.days)))
	for _, d := range h.days {
		w.uint(uint64(d.used))
		w.uint(uint64(d.peak))
		w.uint(uint64(d.night))
	}
	w.routine(&m.routine)
}

func (r *reader) meter(m *meterUse) {
	r.register(&m.register)
	m.stepL = r.float()
	m.cells = make([]keptCell, r.count(keptCells), keptCells)
	var last, span, value int64
	for i := range m.cells {
		if r.long {
			span = int64(r.uint()) //nolint:gosec // seconds
		} else {
			span += r.int()
		}
		last += span
		m.cells[i].at = uint32(last) //nolint:gosec // as it was written
		moved := value
		m.cells[i].value, value = r.scaled(1e5, value)
		if moved = value - moved; r.long {
			moved = 0
		}
		used, _ := r.scaled(100, moved)
		m.cells[i].used = float32(used)
	}
	for _, s := range []*spell{&m.leak, &m.burst, &m.high} {
		s.from, s.over = r.int(), r.int()
	}
	h := &m.habits
	h.start = r.int()
	for _, f := range []*float64{&h.used, &h.peak, &h.night, &h.resting} {
		*f = r.decimal()
	}
	h.first, h.spoilt = r.int(), r.bool()
	for i := range h.hours {
		if r.long {
			h.hours[i] = r.float32()
		} else {
			h.hours[i] = float32(r.decimal())
		}
		h.profile[i] = r.float32()
	}
	h.learnt = r.count(knownDays)
	h.quietFrom = r.count(23)
	h.days = make([]day, r.count(keptDays), keptDays)
	for i := range h.days {
		h.days[i] = day{uint16(r.uint()), uint16(r.uint()), uint16(r.uint())}
	}
	r.routine(&m.routine)
	quiet := h.quietFrom
	h.conclude()
	h.quietFrom = quiet
}

// writer and reader put plain values into bytes and take them out again.
type writer struct{ buf []byte }

func (w *writer) byte(b byte)   { w.buf = append(w.buf, b) }
func (w *writer) uint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }
func (w *writer) int(v int64)   { w.buf = binary.AppendVarint(w.buf, v) }
func (w *writer) float(v float64) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(v))
}
func (w *writer) float32(v float32) {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, math.Float32bits(v))
}

// noHundreds is a whole number without its hundreds: a register that shows litres
// has no hundredths. hundreds is its inverse.
func noHundreds(n int64) int64 {
	if n%100 == 0 {
		return n / 100 * 2
	}
	return n*2 + 1
}

func hundreds(n int64) int64 {
	if n%2 == 0 {
		return n / 2 * 100
	}
	return (n - 1) / 2
}

// scaled writes a value as a whole number of its scale, less the number before,
// which is short for what meters say; it returns the number. A value that is no
// such number is written as it is.
func (w *writer) scaled(v, scale float64, last int64) int64 {
	n := math.Round(v * scale)
	if math.Abs(n) > 1<<50 || n/scale != v {
		w.int(math.MinInt64)
		w.float(v)
		return last
	}
	w.int(noHundreds(int64(n) - last))
	return int64(n)
}

func (w *writer) bool(v bool) {
	if v {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

func (w *writer) string(s string) {
	w.uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

// time keeps microseconds, as the contract does; a zero time stays one.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.int(math.MinInt64)
		return
	}
	w.int(t.UnixMicro())
}

func (w *writer) register(r *devices.Register) { w.pack(reflect.ValueOf(r).Elem()) }

type reader struct {
	buf []byte
	bad bool
	// long says that numbers are written as older releases of a form did.
	long bool
}

// take is the next n bytes; zeros when there are too few, and the state is bad.
func (r *reader) take(n int) []byte {
	if n > len(r.buf) {
		r.bad, r.buf = true, nil
		return make([]byte, min(n, 64))
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) bool() bool     { return r.byte() != 0 }
func (r *reader) float() float64 { return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8))) }
func (r *reader) float32() float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(r.take(4)))
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.bad, r.buf = true, nil
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.buf)
	if n <= 0 {
		r.bad, r.buf = true, nil
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// count is a number that may be at most so large.
func (r *reader) count(largest int) int {
	v := r.uint()
	if v > uint64(largest) {
		r.bad, r.buf = true, nil
		return 0
	}
	return int(v)
}

// scaled reads what the writer's wrote.
func (r *reader) scaled(scale float64, last int64) (v float64, n int64) {
	d := r.int()
	if d == math.MinInt64 {
		return r.float(), last
	}
	if !r.long {
		d = hundreds(d)
	}
	return float64(last+d) / scale, last + d
}

func (r *reader) string() string {
	n := r.uint()
	if n > uint64(len(r.buf)) {
		r.bad, r.buf = true, nil
		return ""
	}
	return string(r.take(int(n)))
}

func (r *reader) time() time.Time {
	us := r.int()
	if us == math.MinInt64 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func (r *reader) register(g *devices.Register) {
	if !r.long {
		*g = devices.Register{}
		r.unpack(reflect.ValueOf(g).Elem())
		return
	}
	g.Read = r.bool()
	g.At = r.time()
	g.Value = r.float()
	g.Top = r.float()
	g.Lost = r.float()
	g.LostAt = r.time()
}

// faultForm is the form of a meter fault's state up to a release that had one for
// all.
const faultForm = 1

// Restore implements alerting.Detector.
func (d *MeterFault) Restore(b []byte) error {
	if len(b) == 0 || b[0] != faultForm {
		return d.memory.Restore(b)
	}
	r := reader{buf: b[1:], long: true}
	s := meterFaultState{Meters: make([]faultyMeter, r.count(maxMeters), maxMeters)}
	for i := range s.Meters {
		m := &s.Meters[i]
		m.Device = devices.DeviceID(r.string())
		r.register(&m.Register)
		m.Reports = r.count(math.MaxInt)
		for _, f := range []*float64{&m.Flow, &m.Flown, &m.Count} {
			*f = r.float()
		}
		for _, t := range []*time.Time{&m.Still, &m.FlowAt, &m.Stuck, &m.Reset, &m.Back} {
			*t = r.time()
		}
	}
	s.Walked = make([]int64, r.count(livesDays))
	for i := range s.Walked {
		s.Walked[i] = r.int()
	}
	s.Steps, s.OnDay = r.float(), r.int()
	if r.bad || len(r.buf) > 0 {
		return fmt.Errorf("restore detector state: %w", errForm)
	}
	d.state = s
	return nil
}
