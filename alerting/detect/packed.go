package detect

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"time"

	"shouwang/devices"
)

// packedForm is the first byte of a state that is saved as pack does. States of
// older releases are JSON, which begins with a brace.
const packedForm = 16

// packer is a type that has a shorter form of its own.
type packer interface {
	pack(w *writer)
	unpack(r *reader)
}

var timeType = reflect.TypeFor[time.Time]()

// pack writes a state. Of a struct that is a number whose bits say which of its
// fields are not zero, and then those fields; so a field may be added, but only as
// the last of its struct, and never taken out: TestStatesKeepTheirLayout.
func (w *writer) pack(v reflect.Value) {
	if v.CanInterface() { // not of one that is embedded
		if p, ok := reflect.TypeAssert[packer](v.Addr()); ok {
			p.pack(w)
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == timeType {
			w.short(v.Addr().Interface().(*time.Time).UnixMicro()) //nolint:forcetypeassert // it is
			return
		}
		var mask uint64
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				mask |= 1 << i
			}
		}
		for w.uint(mask); mask != 0; mask &= mask - 1 {
			if f := v.Field(bits.TrailingZeros64(mask)); f.Kind() != reflect.Bool {
				w.pack(f)
			}
		}
	case reflect.Slice, reflect.Array:
		w.uint(uint64(v.Len())) //nolint:gosec // a length
		for i := range v.Len() {
			w.pack(v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			if a.String() < b.String() {
				return -1
			}
			return 1
		})
		w.uint(uint64(len(keys)))
		for _, k := range keys {
			w.string(k.String())
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(k))
			w.pack(e)
		}
	case reflect.Pointer:
		w.pack(v.Elem())
	case reflect.String:
		w.string(v.String())
	case reflect.Bool:
		w.bool(v.Bool())
	case reflect.Float32, reflect.Float64:
		w.decimal(v.Float())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.uint(v.Uint())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.short(v.Int())
	default:
		panic(fmt.Sprintf("no state has a %s", v.Type()))
	}
}

// unpack reads what pack has written into a value that is zero.
func (r *reader) unpack(v reflect.Value) {
	if v.CanInterface() {
		if p, ok := reflect.TypeAssert[packer](v.Addr()); ok {
			p.unpack(r)
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == timeType {
			*v.Addr().Interface().(*time.Time) = time.UnixMicro(r.short()).UTC() //nolint:forcetypeassert // it is
			return
		}
		mask := r.uint()
		if bits.Len64(mask) > v.NumField() {
			r.bad, r.buf = true, nil // of a later release
			return
		}
		for ; mask != 0; mask &= mask - 1 {
			if f := v.Field(bits.TrailingZeros64(mask)); f.Kind() == reflect.Bool {
				f.SetBool(true)
			} else {
				r.unpack(f)
			}
		}
	case reflect.Slice:
		n := r.count(len(r.buf))
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			r.unpack(v.Index(i))
		}
	case reflect.Array:
		for i := range r.count(v.Len()) {
			r.unpack(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.count(len(r.buf)) {
			key := reflect.ValueOf(r.string()).Convert(v.Type().Key())
			e := reflect.New(v.Type().Elem()).Elem()
			r.unpack(e)
			v.SetMapIndex(key, e)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.unpack(v.Elem())
	case reflect.String:
		v.SetString(r.string())
	case reflect.Bool:
		v.SetBool(r.bool())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.decimal())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.uint())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.short())
	default:
		panic(fmt.Sprintf("no state has a %s", v.Type()))
	}
}

// short writes a whole number without its thousands: times in microseconds seldom
// have fractions of a second. The lowest two bits say how many were left out.
func (w *writer) short(n int64) {
	thousands := int64(0)
	for n != 0 && n%1000 == 0 && thousands < 3 {
		n, thousands = n/1000, thousands+1
	}
	if n > math.MaxInt64>>2 || n < math.MinInt64>>2 {
		w.int(1)                                                   // no thousands of nothing: as it is
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(n)) //nolint:gosec // and back
		return
	}
	w.int(n<<2 | thousands)
}

func (r *reader) short() int64 {
	n := r.int()
	if n == 1 {
		return int64(binary.LittleEndian.Uint64(r.take(8))) //nolint:gosec // see writer.short
	}
	for range n & 3 {
		n = n&^3*1000 | n&3
	}
	return n >> 2
}

// decimals are the scales on which numbers of devices are whole.
var decimals = [...]float64{1, 100, 1e5}

// decimal writes a number as a whole one of its scale, which is short for what
// devices say, or else as it is.
func (w *writer) decimal(x float64) {
	for i, scale := range decimals {
		n := math.Round(x * scale)
		if math.Abs(n) < 1<<50 && math.Float64bits(float64(int64(n))/scale) == math.Float64bits(x) {
			w.int(int64(n)<<2 | int64(i))
			return
		}
	}
	w.int(int64(len(decimals)))
	w.float(x)
}

func (r *reader) decimal() float64 {
	if r.long {
		return r.float()
	}
	n := r.int()
	if i := n & 3; int(i) < len(decimals) {
		return float64(n>>2) / decimals[i]
	}
	return r.float()
}

// A wrist is four times in the states of a resident. Its times are told from the
// newest.
func (w *wrist) pack(to *writer) {
	times := w.all()
	mask := uint64(0)
	for i, t := range times {
		if *t != 0 {
			mask |= 1 << i
		}
	}
	to.string(string(w.Device))
	to.uint(mask)
	for ; mask != 0; mask &= mask - 1 {
		if i := bits.TrailingZeros64(mask); i == 0 {
			to.short(w.Newest)
		} else {
			to.short(w.Newest - *times[i])
		}
	}
	to.decimal(w.Steps)
	to.decimal(w.Battery)
}

func (w *wrist) unpack(from *reader) {
	*w = wrist{Device: devices.DeviceID(from.string())}
	times := w.all()
	mask := from.uint()
	if bits.Len64(mask) > len(times) {
		from.bad, mask = true, 0
	}
	for ; mask != 0; mask &= mask - 1 {
		if i := bits.TrailingZeros64(mask); i == 0 {
			w.Newest = from.short()
		} else {
			*times[i] = w.Newest - from.short()
		}
	}
	w.Steps, w.Battery = from.decimal(), from.decimal()
}

// Of samples each time is told by how much longer it took than the one before.
func (s *samples) pack(w *writer) {
	w.uint(uint64(len(*s)))
	var last, step int64
	for _, x := range *s {
		w.short(x.At - last - step)
		last, step = x.At, x.At-last
		w.short(x.Received - x.At)
		w.decimal(x.Value)
	}
}

func (s *samples) unpack(r *reader) {
	*s = make(samples, r.count(len(r.buf)))
	var last, step int64
	for i := range *s {
		step += r.short()
		last += step
		(*s)[i] = sample{At: last, Received: last + r.short(), Value: r.decimal()}
	}
}

// A row of the night is by how much longer it took than the one before, with a
// bit for steps other than before.
func (n *nightRows) pack(w *writer) {
	w.uint(uint64(len(*n)))
	var last nightRow
	var step int32
	for _, x := range *n {
		later := int64(x.at-last.at-step) << 1
		if x.steps != last.steps {
			later |= 1
		}
		w.int(later)
		w.byte(x.heart)
		if x.steps != last.steps {
			w.int(int64(x.steps - last.steps))
		}
		last, step = x, x.at-last.at
	}
}

func (n *nightRows) unpack(r *reader) {
	*n = make(nightRows, r.count(len(r.buf)))
	var last nightRow
	var step int32
	for i := range *n {
		later := r.int()
		step += int32(later >> 1) //nolint:gosec // seconds of a night
		last.at += step
		last.heart = r.byte()
		if later&1 != 0 {
			last.steps += int32(r.int()) //nolint:gosec // as written
		}
		(*n)[i] = last
	}
}

// A ring is its least value, the bits that each takes, and those: nothing, or by
// how much it is more, and one.
func (r *ring) pack(w *writer) {
	least, most := uint8(math.MaxUint8), uint8(0)
	for _, v := range r {
		if most = max(most, v); v != 0 {
			least = min(least, v)
		}
	}
	if w.byte(most); most == 0 {
		return
	}
	width := bits.Len8(most - least + 1)
	w.byte(least)
	room, n := uint64(0), 0
	for _, v := range r {
		if v != 0 {
			room |= uint64(v-least+1) << n
		}
		for n += width; n >= 8; n -= 8 {
			w.byte(byte(room))
			room >>= 8
		}
	}
	if n > 0 {
		w.byte(byte(room))
	}
}

func (r *ring) unpack(from *reader) {
	most := from.byte()
	if most == 0 {
		return
	}
	least := from.byte()
	width := bits.Len8(most - least + 1)
	room, n := uint64(0), 0
	for i := range r {
		for ; n < width; n += 8 {
			room |= uint64(from.byte()) << n
		}
		if v := uint8(room & (1<<width - 1)); v != 0 { //nolint:gosec // of at most eight bits
			r[i] = v + least - 1
		}
		room >>= width
		n -= width
	}
}

// unpacked reads bytes in a string of JSON, as states of older releases have them.
func unpacked(text []byte) ([]byte, error) {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return nil, err
	}
	return base64.RawStdEncoding.DecodeString(word)
}
