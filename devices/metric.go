package devices

// Metric names one measured quantity together with its unit, as written in the
// MQTT contract (docs/mqtt.md). A name that is not in the list below is stored
// but never judged.
type Metric string

// The metrics of the contract, version 1.
const (
	VolumeM3      Metric = "volume_m3" // cumulative register of a water meter
	FlowM3H       Metric = "flow_m3h"
	WaterTempC    Metric = "water_temp_c"
	PressureKPa   Metric = "pressure_kpa"
	HeartRateBPM  Metric = "heart_rate_bpm"
	SpO2Pct       Metric = "spo2_pct"
	BodyTempC     Metric = "body_temp_c"
	SkinTempC     Metric = "skin_temp_c"
	SystolicMMHg  Metric = "systolic_mmhg"
	DiastolicMMHg Metric = "diastolic_mmhg"
	RespRateBPM   Metric = "resp_rate_bpm"
	Steps         Metric = "steps" // counter that starts again at the wearer's midnight
	Worn          Metric = "worn"  // 1 on the wrist, 0 off it
	LatDeg        Metric = "lat_deg"
	LonDeg        Metric = "lon_deg"
	AccuracyM     Metric = "accuracy_m"
	BatteryPct    Metric = "battery_pct"
	BatteryV      Metric = "battery_v"
	RSSIDBm       Metric = "rssi_dbm"
)

var units = map[Metric]string{
	VolumeM3: "m³", FlowM3H: "m³/h", WaterTempC: "°C", PressureKPa: "kPa",
	HeartRateBPM: "/min", SpO2Pct: "%", BodyTempC: "°C", SkinTempC: "°C",
	SystolicMMHg: "mmHg", DiastolicMMHg: "mmHg", RespRateBPM: "/min",
	Steps: "steps", Worn: "0/1", LatDeg: "°", LonDeg: "°", AccuracyM: "m",
	BatteryPct: "%", BatteryV: "V", RSSIDBm: "dBm",
}

// Unit returns the unit in which the metric is stored and shown, or "" for a
// metric that is not in the contract.
func (m Metric) Unit() string { return units[m] }

// Known says whether the metric is in the contract.
func (m Metric) Known() bool { _, ok := units[m]; return ok }
