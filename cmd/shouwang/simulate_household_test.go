package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shouwang/devices/recording"
	"shouwang/devices/simulate/household"
)

func TestSimulateHousehold(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	simulated := func(more ...string) (string, string, int) {
		var out, errs bytes.Buffer
		args := append([]string{"simulate", "household", "--homes", "3", "--wearers", "4", "--days", "30", "--incidents", "2"}, more...)
		code := run(t.Context(), args, &out, &errs)
		return out.String(), errs.String(), code
	}
	read := func(name string) string {
		t.Helper()
		raw, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for _, n := range []string{"1", "2"} {
		out, errs, code := simulated("--out", file(n+".csv.gz"), "--labels", file(n+"-labels.csv"), "--registry", file(n+"-registry.json"))
		if code != 0 || !strings.Contains(out, " of 7 devices over 30 days, ") {
			t.Fatalf("%d: %s%s", code, out, errs)
		}
	}
	for _, name := range []string{".csv.gz", "-labels.csv", "-registry.json"} {
		if read("1"+name) != read("2"+name) {
			t.Errorf("%s differs between two runs with one seed", name)
		}
	}
	rec, err := recording.Load(file("1.csv.gz"))
	if err != nil || len(rec.Devices()) != 7 {
		t.Fatalf("%d devices, %v", len(rec.Devices()), err)
	}
	if labels := read("1-labels.csv"); !strings.HasPrefix(labels, "device,kind,from,to\n") || strings.Count(labels, "\n") < 3 {
		t.Errorf("labels:\n%s", labels)
	}
	var doc importDoc
	strict := json.NewDecoder(strings.NewReader(read("1-registry.json")))
	if err := strict.Decode(&doc); err != nil || len(doc.Residents) != 4 || len(doc.Devices) != 7 || len(doc.Assignments) != 7 || len(doc.Areas) != 3 {
		t.Errorf("registry: %+v, %v", doc, err)
	}
	if _, errs, code := simulated("--out", file("3.csv"), "--registry", file("3.csv-registry"), "--start", "yesterday"); code != 1 || !strings.Contains(errs, `--start: "yesterday": must be a date`) {
		t.Errorf("%d: %s", code, errs)
	}
	if _, errs, code := simulated("--out", file("3.csv"), "--lost=-1"); code != 1 || !strings.Contains(errs, "--lost: -1: must lie between 0 and 100") {
		t.Errorf("%d: %s", code, errs)
	}
	if out, errs, code := simulated("--out", file("3.csv"), "--registry", file("3-registry.csv")); code != 0 ||
		!strings.HasPrefix(read("3-registry.csv"), "resident,device,kind,area,tier,home_type\n") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	var help bytes.Buffer
	run(t.Context(), []string{"simulate", "household", "--help"}, &help, &help)
	for _, kind := range household.IncidentKinds() {
		if !strings.Contains(strings.Join(strings.Fields(help.String()), " "), kind) {
			t.Errorf("the help does not tell of %s", kind)
		}
	}
}
