package devices

import (
	"math"
	"testing"
)

func TestChineseDatums(t *testing.T) {
	// Published pairs of positions.
	for _, c := range []struct {
		datum            Datum
		lat, lon         float64 // in the datum
		wantLat, wantLon float64 // WGS-84
		withinM          float64
	}{
		{GCJ02, 31.17530398364597, 121.531541859215, 31.1774276, 121.5272106, 0.01},
		{GCJ02, 22.540796131694766, 113.9171764808363, 22.543847, 113.912316, 0.01},
		{GCJ02, 39.91334545536069, 116.38404722455657, 39.911954, 116.377817, 0.01},
		{GCJ02, 39.91640428150164, 116.41024449916938, 39.915, 116.404, 0.01},
		{WGS84, 36.1, 115.6, 36.1, 115.6, 0},
		{GCJ02, 51.5, -0.12, 51.5, -0.12, 0}, // not China
	} {
		lat, lon := c.datum.ToWGS84(c.lat, c.lon)
		if m := DistanceM(lat, lon, c.wantLat, c.wantLon); m > c.withinM {
			t.Errorf("%s %v %v: %v %v, off by %.3f m", c.datum, c.lat, c.lon, lat, lon, m)
		}
	}
}

// The step from Baidu's datum to the one below it, by its published example.
func TestBaiduLiesOnGCJ02(t *testing.T) {
	lat, lon := bdToGCJ(39.915, 116.404)
	if m := DistanceM(lat, lon, 39.90865673957631, 116.39762729119315); m > 0.01 {
		t.Errorf("%v %v, off by %.3f m", lat, lon, m)
	}
	lat, lon = gcjToBD(39.915, 116.404)
	if m := DistanceM(lat, lon, 39.92133699351021, 116.41036949371029); m > 0.01 {
		t.Errorf("%v %v, off by %.3f m", lat, lon, m)
	}
	aLat, aLon := BD09.ToWGS84(39.92133699351021, 116.41036949371029)
	bLat, bLon := GCJ02.ToWGS84(39.915, 116.404)
	if m := DistanceM(aLat, aLon, bLat, bLon); m > 0.5 {
		t.Errorf("the same place by both datums is %.3f m apart", m)
	}
}

func TestDatumsThereAndBack(t *testing.T) {
	for lat := 20.0; lat < 50; lat += 1.7 {
		for lon := 75.0; lon < 134; lon += 2.3 {
			for datum, within := range map[Datum]float64{GCJ02: 0.01, BD09: 0.5} {
				a, b := datum.FromWGS84(lat, lon)
				shift := DistanceM(lat, lon, a, b)
				if shift < 20 || shift > 1600 {
					t.Errorf("%s at %v %v: %0.f m off", datum, lat, lon, shift)
				}
				a, b = datum.ToWGS84(a, b)
				if m := DistanceM(lat, lon, a, b); m > within {
					t.Errorf("%s at %v %v: comes back %.3f m off", datum, lat, lon, m)
				}
			}
		}
	}
}

func TestDistance(t *testing.T) {
	if d := DistanceM(36, 115, 37, 115); math.Abs(d-111195) > 10 {
		t.Errorf("a degree of latitude: %v m", d)
	}
	if d := DistanceM(36.2, 115.6, 36.2, 115.6); d != 0 {
		t.Errorf("no way: %v m", d)
	}
}
