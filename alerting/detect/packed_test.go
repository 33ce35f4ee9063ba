package detect

import (
	_ "embed"
	"encoding/base64"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"shouwang/alerting"
)

var update = flag.Bool("update", false, "write the golden files of this package")

// layout lists the fields of all structs that a state is made of.
func layout(t *testing.T, typ reflect.Type, lines map[string]bool) {
	if own := reflect.TypeFor[packer](); typ.Implements(own) || reflect.PointerTo(typ).Implements(own) {
		return // what it writes is tested elsewhere
	}
	switch typ.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		layout(t, typ.Elem(), lines)
	case reflect.Struct:
		if typ == timeType {
			return
		}
		line := typ.Name() + ":"
		for f := range typ.Fields() {
			if !f.IsExported() && !f.Anonymous {
				t.Errorf("%s.%s is not exported, and cannot be saved", typ.Name(), f.Name)
			}
			line += " " + f.Name + " " + strings.ReplaceAll(f.Type.String(), "detect.", "") + ","
			layout(t, f.Type, lines)
		}
		lines[strings.TrimSuffix(line, ",")] = true
	}
}

// Fields are saved by their place, so that states of an older release can be read
// only if no field has another.
func TestStatesKeepTheirLayout(t *testing.T) {
	const file = "testdata/states.txt"
	lines := map[string]bool{}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[callsState](), reflect.TypeFor[vitalsState](), reflect.TypeFor[trendState](), reflect.TypeFor[positionState](),
		reflect.TypeFor[fusionState](), reflect.TypeFor[notReturnedState](), reflect.TypeFor[meterFaultState](), reflect.TypeFor[faultsState](),
		reflect.TypeFor[silenceState](), reflect.TypeFor[batteryState](), reflect.TypeFor[notWornState](), reflect.TypeFor[villageState](),
	} {
		layout(t, typ, lines)
	}
	var got []string
	for line := range lines {
		got = append(got, line)
	}
	slices.Sort(got)
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("a state looks otherwise than in %s. A field may only be added, at the end of its struct; then run with -update. Now:\n%s", file, text)
	}
}

func TestNumbersArePackedExactly(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 8))
	whole := []int64{0, 1, -1, 4, 999, 1000, -1000, 1e6, 1e9, 1e12, 1e15, 1_800_575_760_000_000, math.MaxInt64, math.MinInt64, math.MaxInt64 >> 2, math.MaxInt64>>2 + 1}
	real := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 100.04, 0.1 + 0.2, 1e300, -1e-300, 1 << 50, math.Inf(1), 29.100207847815433}
	for range 2000 {
		whole = append(whole, chance.Int64()>>chance.IntN(64), -chance.Int64N(1e6)*1000)
		real = append(real, chance.NormFloat64(), float64(chance.IntN(1e7))/1e5)
	}
	var w writer
	for _, n := range whole {
		w.short(n)
	}
	for _, x := range real {
		w.decimal(x)
	}
	r := reader{buf: w.buf}
	for _, n := range whole {
		if got := r.short(); got != n {
			t.Fatalf("%d came back as %d", n, got)
		}
	}
	for _, x := range real {
		if got := r.decimal(); math.Float64bits(got) != math.Float64bits(x) {
			t.Fatalf("%v came back as %v", x, got)
		}
	}
	if r.bad || len(r.buf) > 0 {
		t.Error("not read to the end")
	}
}

// savedAndRead is a part of a state as it is after a restart.
func savedAndRead[S any](t *testing.T, state S) (back S) {
	t.Helper()
	var w writer
	w.pack(reflect.ValueOf(&state).Elem())
	r := reader{buf: w.buf}
	if r.unpack(reflect.ValueOf(&back).Elem()); r.bad || len(r.buf) > 0 {
		t.Fatalf("%x: %d bytes left, bad %v", w.buf, len(r.buf), r.bad)
	}
	return back
}

// older are states as the release before wrote them, which had JSON for most: of a
// home, its meter and its band after sixty days.
//
//go:embed testdata/older.txt
var older string

func TestStatesOfAnOlderReleaseAreRead(t *testing.T) {
	makers := map[string]alerting.Subject{"home": alerting.ResidentSubject("r"), "meter": alerting.DeviceSubject("v/m"), "band": alerting.DeviceSubject("v/b")}
	find := func(subject, name string) alerting.Detector {
		for _, d := range New(makers[subject]) {
			if d.Name() == name {
				return d
			}
		}
		t.Fatal("no detector", name)
		return nil
	}
	before, after := 0, 0
	for line := range strings.Lines(older) {
		var subject, name, code string
		_, _ = fmt.Sscan(line, &subject, &name, &code) // of some there is no state
		state, err := base64.StdEncoding.DecodeString(code)
		if err != nil {
			t.Fatal(err)
		}
		old, now := find(subject, name), find(subject, name)
		if err := old.Restore(state); err != nil {
			t.Fatal(subject, err)
		}
		saved, err := old.Save()
		if err != nil {
			t.Fatal(err)
		}
		if err := now.Restore(saved); err != nil {
			t.Fatal(err)
		}
		if len(state) > 20 && len(saved) < 20 || !reflect.DeepEqual(old, now) {
			t.Errorf("%s %s: %+v became %+v", subject, name, old, now)
		}
		before, after = before+len(state), after+len(saved)
	}
	t.Logf("%d bytes, as they are saved now %d", before, after)
	if after > 4000 {
		t.Errorf("%d bytes of states of one resident, more than 4 KB", after)
	}
}

// Whatever bytes come, a state is read from them or refused, and one that is read
// can be saved and read again.
func FuzzRestore(f *testing.F) {
	made := slices.Concat(New(alerting.ResidentSubject("r")), New(alerting.DeviceSubject("v/d")), New(alerting.VillageWater("a/b/c")))
	for i := range made {
		f.Add(uint8(i), []byte{packedForm, 3, 1, 1, 1, 1}) //nolint:gosec // few
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		d := slices.Concat(New(alerting.ResidentSubject("r")), New(alerting.DeviceSubject("v/d")), New(alerting.VillageWater("a/b/c")))[int(which)%len(made)]
		if d.Restore(b) != nil {
			return
		}
		saved, err := d.Save()
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Restore(saved); err != nil {
			t.Fatal(err, fmt.Sprintf("%s %x", d.Name(), saved))
		}
	})
}
