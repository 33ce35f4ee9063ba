package devices

import "math"

// Datum is the system that a position's coordinates are given in.
type Datum string

// The datums met in China. Inside the service every position is WGS84; what
// comes in another is converted where it comes in.
const (
	WGS84 Datum = "wgs84" // GPS, the MQTT contract
	GCJ02 Datum = "gcj02" // Amap, Tencent and all official Chinese maps: 100–700 m off
	BD09  Datum = "bd09"  // Baidu: GCJ-02 shifted once more
)

// EarthM is the mean radius of the Earth.
const EarthM = 6371008.8

const (
	// The ellipsoid that GCJ-02 is made on (Krasovsky 1940): its semi-major axis
	// and the square of its eccentricity.
	gcjAxis = 6378245.0
	gcjEcc2 = 0.00669342162296594323
	bdAngle = math.Pi * 3000.0 / 180.0
)

// ToWGS84 converts a position in degrees. Positions outside China are the same
// in WGS-84 and GCJ-02. It is exact to some millimetres for GCJ-02 and to half a
// metre for BD-09.
func (d Datum) ToWGS84(lat, lon float64) (float64, float64) {
	switch d {
	case GCJ02:
		return gcjToWGS(lat, lon)
	case BD09:
		return gcjToWGS(bdToGCJ(lat, lon))
	}
	return lat, lon
}

// FromWGS84 converts a WGS-84 position, for a map that needs it.
func (d Datum) FromWGS84(lat, lon float64) (float64, float64) {
	switch d {
	case GCJ02:
		return wgsToGCJ(lat, lon)
	case BD09:
		return gcjToBD(wgsToGCJ(lat, lon))
	}
	return lat, lon
}

// inChina is the box in which GCJ-02 differs.
func inChina(lat, lon float64) bool {
	return lat >= 0.8293 && lat <= 55.8271 && lon >= 72.004 && lon <= 137.8347
}

func wgsToGCJ(lat, lon float64) (float64, float64) {
	if !inChina(lat, lon) {
		return lat, lon
	}
	dLat, dLon := gcjShift(lat, lon)
	return lat + dLat, lon + dLon
}

// gcjToWGS searches the position whose shift ends at the given one.
func gcjToWGS(lat, lon float64) (float64, float64) {
	if !inChina(lat, lon) {
		return lat, lon
	}
	wLat, wLon := lat, lon
	for range 8 {
		dLat, dLon := gcjShift(wLat, wLon)
		wLat, wLon = lat-dLat, lon-dLon
	}
	return wLat, wLon
}

// gcjShift is by how many degrees GCJ-02 lies off at a WGS-84 position.
func gcjShift(lat, lon float64) (float64, float64) {
	x, y := lon-105, lat-35
	xy, root := x*y, math.Sqrt(math.Abs(x))
	wave := func(v, period float64) float64 { return math.Sin(v * math.Pi * period) }
	both := (20*wave(x, 6) + 20*wave(x, 2)) * 2 / 3
	dLat := -100 + 2*x + 3*y + 0.2*y*y + 0.1*xy + 0.2*root + both +
		(20*wave(y, 1)+40*wave(y, 1./3))*2/3 + (160*wave(y, 1./12)+320*wave(y, 1./30))*2/3
	dLon := 300 + x + 2*y + 0.1*x*x + 0.1*xy + 0.1*root + both +
		(20*wave(x, 1)+40*wave(x, 1./3))*2/3 + (150*wave(x, 1./12)+300*wave(x, 1./30))*2/3
	rad := lat * math.Pi / 180
	m := 1 - gcjEcc2*math.Sin(rad)*math.Sin(rad)
	return dLat * 180 / (gcjAxis * (1 - gcjEcc2) / (m * math.Sqrt(m)) * math.Pi),
		dLon * 180 / (gcjAxis / math.Sqrt(m) * math.Cos(rad) * math.Pi)
}

func gcjToBD(lat, lon float64) (float64, float64) {
	r := math.Hypot(lon, lat) + 0.00002*math.Sin(lat*bdAngle)
	a := math.Atan2(lat, lon) + 0.000003*math.Cos(lon*bdAngle)
	return r*math.Sin(a) + 0.006, r*math.Cos(a) + 0.0065
}

func bdToGCJ(lat, lon float64) (float64, float64) {
	y, x := lat-0.006, lon-0.0065
	r := math.Hypot(x, y) - 0.00002*math.Sin(y*bdAngle)
	a := math.Atan2(y, x) - 0.000003*math.Cos(x*bdAngle)
	return r * math.Sin(a), r * math.Cos(a)
}

// DistanceM is the distance of two WGS-84 positions in metres, along the great
// circle of a round Earth: right to half a per cent.
func DistanceM(lat1, lon1, lat2, lon2 float64) float64 {
	rad := math.Pi / 180
	sinLat, sinLon := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := sinLat*sinLat + math.Cos(lat1*rad)*math.Cos(lat2*rad)*sinLon*sinLon
	return 2 * EarthM * math.Asin(math.Sqrt(min(1, h)))
}
