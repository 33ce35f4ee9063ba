package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwang/ingest/peer"
)

func TestInfluxSetupTakesTheConfigurationOfServe(t *testing.T) {
	// Both versions are tested where the work is done, in ingest/influx.
	server := peer.InfluxServer{Major: 2}
	t.Cleanup(server.Stop)
	real := server.Get(t)
	dir := t.TempDir()
	token, config := filepath.Join(dir, "token"), filepath.Join(dir, "shouwang.yaml")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(token, real.Token+"\n")
	write(config, "broker: {plain: true}\nseries:\n  store: influxdb\n  url: "+real.URL+"\n  org: "+real.Org+
		"\n  bucket: made\n  retention: {position: 2160h, vitals: 9600h, other: 24000h}\n")
	setup := func() string {
		t.Helper()
		var out, problems bytes.Buffer
		if code := run(t.Context(), []string{"--config", config, "influx", "setup", "--operator-token-file", token}, &out, &problems); code != 0 {
			t.Fatalf("exit code %d: %s", code, problems.String())
		}
		return out.String()
	}
	if did := setup(); !strings.Contains(did, "made: created, keeps 1001 days\n") {
		t.Errorf("the first time: %s", did)
	}
	if did := setup(); !strings.Contains(did, "made: is there, keeps 1001 days\n") {
		t.Errorf("the second time: %s", did)
	}
}

func TestInfluxSetupWithoutATokenSaysWhatIsMissing(t *testing.T) {
	var out, problems bytes.Buffer
	if code := run(t.Context(), []string{"influx", "setup"}, &out, &problems); code == 0 || !strings.Contains(problems.String(), "series.token_file") {
		t.Errorf("exit code %d: %s", code, problems.String())
	}
}

func TestRetentionIsNotShorterThanWhatUploadsMayBeLate(t *testing.T) {
	s := settings{TimeZone: "UTC"}
	s.Ingest.AgeLimit = 840 * time.Hour
	if err := s.validate(); err != nil && strings.Contains(err.Error(), "series.retention") {
		t.Errorf("0 is for ever: %v", err)
	}
	s.Series.Retention.Vitals = 100 * time.Hour
	if err := s.validate(); err == nil || !strings.Contains(err.Error(), "series.retention.vitals: 100h") {
		t.Errorf("a retention of 100h: %v", err)
	}
	if longest := s.longest(); longest != 0 {
		t.Errorf("with classes that are kept for ever, the bucket keeps %s", longest)
	}
}
