package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestConfigurationOfTheComposeFile: the program accepts the file, and it fits
// what InfluxDB is set up with.
func TestConfigurationOfTheComposeFile(t *testing.T) {
	made := makeSecrets(t)
	for name, file := range map[string]string{"server_cert": "server.crt", "server_key": "server.key"} {
		if err := os.Symlink(filepath.Join(made, file), filepath.Join(made, name)); err != nil {
			t.Fatal(err)
		}
	}
	text := read(t, filepath.Join(deploy, "shouwang.yaml"))
	file := filepath.Join(t.TempDir(), "shouwang.yaml")
	text = strings.NewReplacer("/run/secrets", made, "/data", t.TempDir()).Replace(text)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"check-config", "--config", file}, &out, &out); code != 0 {
		t.Errorf("check-config: exit code %d: %s", code, out.String())
	}
	for _, secret := range []string{"mqtt_password", "influxdb_token"} {
		if strings.Contains(out.String(), read(t, filepath.Join(made, secret))) {
			t.Errorf("check-config shows %s", secret)
		}
	}

	values, err := readConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	for key, variable := range map[string]string{"series-org": "DOCKER_INFLUXDB_INIT_ORG", "series-bucket": "DOCKER_INFLUXDB_INIT_BUCKET"} {
		if want := c.Services["influxdb"].Environment[variable]; values[key].value != want {
			t.Errorf("%s is %q, InfluxDB is set up with %q", key, values[key].value, want)
		}
	}
}
