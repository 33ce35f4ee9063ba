package main

import (
	"io"

	"shouwang/dashboard"
)

type openAPICmd struct{}

// Run prints the OpenAPI document, as /openapi.json serves it.
func (openAPICmd) Run(stdout io.Writer) error {
	b, err := dashboard.OpenAPI()
	if err != nil {
		return err
	}
	_, err = stdout.Write(b)
	return err
}
