package main

import (
	"context"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// seedShift gives the demo's desk what a desk has in the morning: the sheet of the
// night that was taken over, and one silence.
func (a *app) seedShift(ctx context.Context, c *county) error {
	desk := alerting.NewDesk(alerting.DeskOptions{Book: a.alerts, Directory: a.registry})
	night, day := alerting.Actor{User: "duty", Name: "duty"}, alerting.Actor{User: "administrator", Name: "administrator"}
	last := c.Residents[len(c.Residents)-1]
	if _, err := desk.Silence(ctx, night, alerting.NewSilence{
		Resident: last.ID, Kind: alerting.KindLowBattery, Until: time.Now().Add(3 * 24 * time.Hour), Reason: "新电池已下单，周四上门更换",
	}); err != nil {
		return fmt.Errorf("enter a silence: %w", err)
	}
	shifts := a.newHandovers()
	sheet, err := shifts.Sign(ctx, night, []devices.AreaPath{c.Areas[0].Path}, alerting.NewSheet{Note: "夜里平静，没有停水停电。", SoundHeard: true})
	if err != nil {
		return fmt.Errorf("hand over a shift: %w", err)
	}
	if _, err := shifts.Take(ctx, sheet.ID, day, "", true); err != nil {
		return fmt.Errorf("take over a shift: %w", err)
	}
	return nil
}
