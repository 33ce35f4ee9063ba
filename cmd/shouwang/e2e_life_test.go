package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/devices"
)

// What is done about an alert stands on paper: all of it, and nothing of the page
// around it.
func TestTheCaseFileIsCompleteOnPaper(t *testing.T) {
	room := demoRoom(t)
	band := room.Device(devices.Wristband)
	duty, desk := room.SignIn("duty"), room.as("duty")
	band.PublishSOS()
	alert := desk.expectAlert("sos", band)
	duty.Sees(alert, time.Now())
	duty.Opens(alert)
	duty.Acknowledges(alert)
	duty.expect(5*time.Second, "the countdown", byTestID("case-ack-due")+`.innerText.includes("须处理")`)
	duty.show("countdown")

	duty.click(byTestID("action-call"))
	duty.pick("call-whom", "resident")
	duty.click(byTestID("call-result-no_answer"))
	duty.run(fmt.Sprintf(`(() => { const e = %s; e.value = e.options[1].value; e.dispatchEvent(new Event('change', {bubbles: true})) })()`, byTestID("call-next")))
	duty.fill("call-note", "没人接，十分钟后再打")
	duty.show("call")
	duty.click(byTestID("call-submit"))
	duty.expect(5*time.Second, "the promised call", byTestID("case-next-call"))
	visit := struct{ ID string }{}
	desk.must(http.StatusCreated, "POST", "/api/v1/visits", map[string]any{"alert": alert.ID}, &visit)
	desk.must(http.StatusOK, "POST", "/api/v1/visits/"+visit.ID+"/report", map[string]any{"uuid": uuid.NewString(), "outcome": "well", "note": "敲门后开了门，在家"}, nil)
	desk.must(http.StatusOK, "POST", "/api/v1/alerts/"+alert.ID+"/note", map[string]any{"note": "按错了，已教会"}, nil)
	desk.must(http.StatusOK, "POST", "/api/v1/alerts/"+alert.ID+"/close", map[string]any{"outcome": "well", "note": "结束"}, nil)
	var log struct{ Items []alerting.LogEntry }
	desk.must(http.StatusOK, "GET", "/api/v1/alerts/"+alert.ID+"/log", nil, &log)

	duty.click(byTestID("open-file"))
	file := byTestID("case-file")
	duty.expect(10*time.Second, "the file", file+"?.innerText.length > 200")
	if _, err := chromedp.Call(duty.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	paper := ask[string](duty, file+".innerText")
	for _, want := range []string{
		alert.ID, band.name, "一键呼救", "没人接，十分钟后再打", "敲门后开了门，在家", "按错了，已教会", "结束", "无人接听", "接警", "派单", "结案", "平安", visit.ID,
	} {
		if !strings.Contains(paper, want) {
			t.Errorf("%q is not on paper", want)
		}
	}
	if lines := ask[int](duty, `document.querySelectorAll('[data-testid="file-log"] tbody tr').length`); lines != len(log.Items) {
		t.Errorf("%d lines of the log on paper, want %d", lines, len(log.Items))
	}
	around := ask[[]string](duty, `[...document.querySelectorAll('header.bar, nav, button, a, [role=status], .message')].filter((e) => e.getClientRects().length > 0 && !e.closest('[data-testid="case-file"]')).map((e) => e.outerHTML.slice(0, 120))`)
	if len(around) > 0 {
		t.Errorf("the page around it is printed: %q", around)
	}
	duty.show("paper")
	ctx, cancel := duty.limited()
	defer cancel()
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF())
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) {
		t.Fatalf("%d bytes, %v", len(pdf), err)
	}
	if folder := os.Getenv("SHOUWANG_SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, "case.pdf"), pdf, 0o644); err != nil {
			t.Error(err)
		}
	}
	// Ten pages would be a page that prints its frames.
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); pages > 4 {
		t.Errorf("%d pages", pages)
	}
}
