package main

import (
	"fmt"
	"io"
	"runtime/debug"
)

// version is set by the build (-ldflags -X main.version=…).
var version = "dev"

type versionCmd struct{}

// Run prints the version, the revision it was built from and the Go release.
func (versionCmd) Run(stdout io.Writer) error {
	line := "shouwang " + version
	if info, ok := debug.ReadBuildInfo(); ok {
		line += " " + info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				line += " " + s.Value
			}
		}
	}
	_, err := fmt.Fprintln(stdout, line)
	return err
}
