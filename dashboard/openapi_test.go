package dashboard

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write web/openapi.json anew")

// The page's types are generated from web/openapi.json, which must be what the
// Go types say.
func TestOpenAPIIsUpToDate(t *testing.T) {
	const file = "web/openapi.json"
	want, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the Go types say: run go test ./dashboard -run OpenAPI -update", file)
	}
}
