package registry

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"shouwang/devices"
)

// big is a county of n residents, each with one device.
func big(n int) devices.Import {
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "县"}}}
	for t := range 20 {
		town := devices.AreaPath(fmt.Sprintf("c/t%02d", t))
		in.Areas = append(in.Areas, devices.Area{Path: town, Name: "镇"})
		for v := range 20 {
			in.Areas = append(in.Areas, devices.Area{Path: town + devices.AreaPath(fmt.Sprintf("/v%02d", v)), Name: "村"})
		}
	}
	for i := range n {
		area := devices.AreaPath(fmt.Sprintf("c/t%02d/v%02d", i%20, i/20%20))
		id, dev := fmt.Sprintf("r%06d", i), devices.DeviceID(fmt.Sprintf("acme/d%06d", i))
		in.Residents = append(in.Residents, devices.Resident{
			ID: id, Name: "王秀英", Phone: "13800000000", Address: "门牌 1 号", Born: 1945, Area: area, Tier: devices.TierGreen, State: devices.Active,
			Contacts: []devices.ContactPerson{{Name: "王强", Relation: "son", Phone: "13900000000"}},
		})
		in.Devices = append(in.Devices, devices.Device{ID: dev, Kind: devices.WaterMeter, Area: area})
		in.Assignments = append(in.Assignments, devices.Assignment{Device: dev, Resident: id})
		in.Secrets = append(in.Secrets, devices.Secret{User: string(dev), Secret: fmt.Sprintf("%032d", i)})
	}
	return in
}

// BenchmarkBig enters and loads 100 000 residents with a device each.
func BenchmarkBig(b *testing.B) {
	file := filepath.Join(b.TempDir(), "state.db")
	r, _ := openFile(b, file)
	in := big(100_000)
	start := time.Now()
	if err := r.PutAll(b.Context(), in); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(start).Seconds(), "enter-s")
	b.Run("open", func(b *testing.B) {
		var before, after runtime.MemStats
		for b.Loop() {
			runtime.GC()
			runtime.ReadMemStats(&before)
			again, _ := openFile(b, file)
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
			runtime.KeepAlive(again)
		}
	})
	b.Run("residentOf", func(b *testing.B) {
		b.ReportAllocs()
		now := time.Now().Add(time.Hour)
		for b.Loop() {
			if s, _ := r.Standing("acme/d050000", now); s.Resident == nil {
				b.Fatal("not found")
			}
		}
	})
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			p, err := r.Residents(b.Context(), devices.ResidentFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"c/t05"}}, Limit: 50})
			if err != nil || len(p.Items) != 50 {
				b.Fatal(err)
			}
		}
	})
	b.Run("devices", func(b *testing.B) {
		for b.Loop() {
			p, err := r.Devices(b.Context(), devices.DeviceFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"c/t05"}}, Limit: 50})
			if err != nil || len(p.Items) != 50 {
				b.Fatal(err)
			}
		}
	})
}
