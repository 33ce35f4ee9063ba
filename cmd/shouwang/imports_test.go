package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed is the table of what may import what of ours: imports point to
// devices, and adapters never import each other. A package that is not in the
// table fails the test.
var allowed = map[string][]string{
	"devices":                    {},
	"devices/codec":              {"devices"},
	"devices/database":           {"devices"},
	"devices/recording":          {"devices"},
	"devices/registry":           {"devices", "devices/database"},
	"devices/simulate":           {"devices"},
	"devices/simulate/household": {"devices"},
	"devices/simulate/load":      {"devices"},
	"devices/simulate/publisher": {"devices", "devices/recording", "devices/simulate"},
	"ingest":                     {"devices", "devices/codec"},
	"ingest/broker":              {"devices", "ingest"},
	"ingest/deadletter":          {"devices", "devices/database"},
	"ingest/influx":              {"devices", "ingest"},
	"ingest/journal":             {"devices", "ingest"},
	"ingest/mqtt":                {"devices", "ingest"},
	"ingest/rollup":              {"devices", "devices/database", "ingest"},
	"ingest/sqlite":              {"devices", "ingest"},
	"alerting":                   {"devices"},
	"alerting/backtest":          {"devices", "devices/recording", "alerting", "alerting/detect"},
	"alerting/canary":            {"devices"},
	"alerting/detect":            {"devices", "alerting"},
	"alerting/notify":            {"devices", "alerting"},
	"alerting/notify/channels":   {"devices", "alerting", "alerting/notify"},
	"alerting/roster":            {"devices", "alerting"},
	"alerting/report":            {"devices", "alerting"},
	"alerting/rounds":            {"devices", "alerting"},
	"alerting/store":             {"devices", "devices/database", "alerting", "alerting/notify", "alerting/report", "alerting/roster"},
	"dashboard":                  {"devices", "alerting", "alerting/notify", "alerting/report", "alerting/roster", "dashboard/access"},
	"dashboard/access":           {"devices", "devices/database"},
}

// forTests are packages that only tests may import, with what they need.
var forTests = map[string][]string{
	"devices/database/databasetest": {"devices/database"},
	"ingest/peer":                   {},
	"ingest/seriestest":             {"devices", "ingest"},
}

// onlyImporters names the packages, beside tests, that may import a library. The
// simulator's publisher is the devices' side of MQTT and no part of the service.
var onlyImporters = map[string][]string{
	"github.com/eclipse/paho.mqtt.golang":         {"ingest/mqtt", "devices/simulate/publisher"},
	"github.com/influxdata/influxdb-client-go/v2": {"ingest/influx"},
}

func TestImportsPointToDevices(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen[dir] = true
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkImport(t, dir, path, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range seen {
		_, inTable := allowed[dir]
		_, inTests := forTests[dir]
		if !inTable && !inTests && !strings.HasPrefix(dir, "cmd/") {
			t.Errorf("%s: not in the table of imports", dir)
		}
	}
	if len(seen) < 10 {
		t.Fatalf("only %d packages found: the test looks in the wrong place", len(seen))
	}
}

func checkImport(t *testing.T, dir, path, imported string) {
	t.Helper()
	test := strings.HasSuffix(path, "_test.go")
	if only, ok := onlyImporters[imported]; ok && !test && !slices.Contains(only, dir) && forTests[dir] == nil {
		t.Errorf("%s imports %s: only %v may", path, imported, only)
	}
	ours, ok := strings.CutPrefix(imported, "shouwang/")
	if !ok || strings.HasPrefix(dir, "cmd/") || test {
		return // cmd wires everything, and a test may bring any real part it needs
	}
	if !slices.Contains(allowed[dir], ours) && !slices.Contains(forTests[dir], ours) {
		t.Errorf("%s imports %s: not in the table", path, imported)
	}
}
