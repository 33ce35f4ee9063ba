// An InfluxDB 2.7 for the tests, built by `build`. A module of its own: none of
// what InfluxDB needs is needed by the service.
module shouwang/ingest/influx/server27

go 1.26

require github.com/influxdata/influxdb/v2 v2.7.12

replace github.com/nats-io/nats-streaming-server v0.11.2 => github.com/influxdata/nats-streaming-server v0.11.3-0.20201112040610-c277f7560803
