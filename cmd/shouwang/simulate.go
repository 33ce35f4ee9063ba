package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"shouwang/dashboard/access"
)

// simulateCmd holds what publishes made-up or recorded readings.
type simulateCmd struct {
	Household simulateHouseholdCmd `cmd:"" help:"Write labelled readings of made-up people who live alone."`
	Incident  simulateIncidentCmd  `cmd:"" help:"Make something happen to a resident of a running demo."`
	Load      simulateLoadCmd      `cmd:"" help:"Publish made-up readings as fast as a broker takes them, or at a rate, and measure it."`
	Replay    simulateReplayCmd    `cmd:"" help:"Publish recorded readings as their devices would, as fast as it goes."`
}

// instance says which running instance is meant and who we are there.
type instance struct {
	ReadyFile string `help:"Ready file of a running demo: gives addresses and an administrator's token." type:"existingfile" placeholder:"FILE"`
	URL       string `help:"Address of the HTTP interface, instead of the ready file's." placeholder:"URL"`
	TokenFile string `help:"File with a bearer token, instead of the ready file's." type:"existingfile" placeholder:"FILE"`
}

// open reads the ready file, and puts the flags over it.
func (i *instance) open() (*apiClient, readyFile, error) {
	var ready readyFile
	client := &apiClient{}
	if i.ReadyFile != "" {
		raw, err := os.ReadFile(i.ReadyFile)
		if err != nil {
			return nil, ready, fmt.Errorf("read ready file: %w", err)
		}
		if err := json.Unmarshal(raw, &ready); err != nil {
			return nil, ready, fmt.Errorf("read ready file %s: %w", i.ReadyFile, err)
		}
		for _, a := range ready.Accounts {
			if a.Role == access.Administrator {
				client.token = a.Token
			}
		}
	}
	client.url = withScheme(ready.HTTP, "http://")
	if i.URL != "" {
		client.url = withScheme(i.URL, "http://")
	}
	client.url = strings.TrimSuffix(client.url, "/")
	if i.TokenFile != "" {
		raw, err := os.ReadFile(i.TokenFile)
		if err != nil {
			return nil, ready, fmt.Errorf("read token: %w", err)
		}
		client.token = strings.TrimSpace(string(raw))
	}
	return client, ready, nil
}

// withScheme makes a URL of host:port.
func withScheme(address, scheme string) string {
	if address == "" || strings.Contains(address, "://") {
		return address
	}
	return scheme + address
}

// apiClient speaks to the HTTP interface of a running instance.
type apiClient struct{ url, token string }

// maxAnswer is more than any answer the simulator asks for.
const maxAnswer = 64 << 20

// post sends in as JSON and reads the answer into out.
func (c *apiClient) post(ctx context.Context, path string, in, out any) error {
	if c.url == "" || c.token == "" {
		return errors.New("which instance, and as whom? --ready-file, or --url and --token-file")
	}
	reading, writing := io.Pipe()
	go func() { writing.CloseWithError(json.NewEncoder(writing).Encode(in)) }()
	defer reading.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, reading)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	if resp.StatusCode >= 300 {
		return refusal(path, resp.Status, raw)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

// refusal makes an error of a problem document.
func refusal(path, status string, raw []byte) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Field string `json:"field"`
			Value any    `json:"value"`
			Rule  string `json:"rule"`
		} `json:"errors"`
	}
	reasons := []string{status}
	if json.Unmarshal(raw, &problem) == nil {
		if problem.Detail != "" {
			reasons = append(reasons, problem.Detail)
		}
		for _, e := range problem.Errors {
			reasons = append(reasons, fmt.Sprintf("%s: %v: %s", e.Field, e.Value, e.Rule))
		}
	}
	return fmt.Errorf("%s answered %s", path, strings.Join(reasons, "; "))
}

// simulateIncidentCmd asks a running demo for an incident; only its simulator
// knows what its devices have said and hold back.
type simulateIncidentCmd struct {
	instance
	Kind   string `arg:"" help:"sos, fall, fever, low_spo2, off_wrist, collapse, going_away, leak, burst, gateway_outage, late_batch, or recover to end what lasts."`
	Device string `help:"Device of the resident it happens to (vendor/id); somebody suitable without it." placeholder:"DEVICE"`
}

// Run prints what truly happened, as JSON.
func (c *simulateIncidentCmd) Run(ctx context.Context, stdout io.Writer) error {
	api, _, err := c.open()
	if err != nil {
		return err
	}
	var truth json.RawMessage
	if err := api.post(ctx, "/api/v1/demo/incidents", map[string]string{"kind": c.Kind, "device": c.Device}, &truth); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", truth)
	return err
}
