package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestBacktestBoundPrintsBothBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("makes twenty years")
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"backtest", "bound", "--homes", "1", "--decades", "1"}, &out, &errs); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 12 || !strings.HasPrefix(lines[0], "inactivity, flush: 1 homes, 120 home-months known, 120 others") ||
		!strings.Contains(lines[11], "of 1 found within 14 days") {
		t.Errorf("printed:\n%s", out.String())
	}
}
