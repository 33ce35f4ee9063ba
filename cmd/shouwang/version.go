package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// version is set by the build (-ldflags -X main.version=…).
var version = "dev"

type versionCmd struct{}

// Run prints the version, the revision it was built from and the Go release.
func (versionCmd) Run(stdout io.Writer) error {
	words := []string{"shouwang", version}
	if info, ok := debug.ReadBuildInfo(); ok {
		words = append(words, info.GoVersion)
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				words = append(words, s.Value)
			}
		}
	}
	_, err := fmt.Fprintln(stdout, strings.Join(words, " "))
	return err
}
