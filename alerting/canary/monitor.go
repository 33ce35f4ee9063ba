package canary

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"shouwang/devices"
)

// Stage is how far a message came that did not come through.
type Stage string

// The stages, in the order in which a message passes them.
const (
	Published Stage = "publish"   // the broker did not take it
	Websocket Stage = "websocket" // no live connection
	Event     Stage = "event"     // the band's event did not reach the live view
	Telemetry Stage = "telemetry" // the meter's reading did not
	Series    Stage = "series"    // the reading is not in the time series
)

// Times of the canary.
const (
	// DefaultWithin is how long a message may take.
	DefaultWithin = 5 * time.Second
	// DefaultBacklog is Options.Backlog.
	DefaultBacklog = time.Minute
	// again is the time between two messages while they do not come through.
	again = 10 * time.Second
	// redial is the time between two tries to connect to the live view.
	redial = time.Second
	// directEvery bounds how often the second way is used to say that it is
	// broken; that it is mended is said once for each of these.
	directEvery = 15 * time.Minute
	// telling bounds one try to tell.
	telling = 10 * time.Second
)

// Outcome is what is told of.
type Outcome struct {
	Broken bool
	Stage  Stage
	Since  time.Time // of the first message that did not come through
}

// Options are what a Monitor needs.
type Options struct {
	Every  time.Duration
	Within time.Duration // 0 is DefaultWithin
	// Backlog is what a reading is allowed when Within was not enough: it may
	// stand behind an upload of many devices. An event never does. 0 is a minute.
	Backlog time.Duration
	// First is when the first message goes out; later ones every Every.
	First time.Duration

	// Publish sends one message as the device, over a connection of its own.
	Publish func(ctx context.Context, device devices.DeviceID, channel string, payload []byte) error
	// Dial opens the live view.
	Dial func(ctx context.Context) (*websocket.Conn, error)
	// Latest is the meter's newest reading in the time series.
	Latest func(ctx context.Context) (float64, error)

	// Report tells by the database: alert and notices. It bears repetition.
	Report func(ctx context.Context, o Outcome) error
	// Direct tells by the second way; nil without one.
	Direct func(ctx context.Context, o Outcome) error

	Log     zerolog.Logger
	Metrics prometheus.Registerer
}

// Monitor sends and watches.
type Monitor struct {
	opts    Options
	log     zerolog.Logger
	stream  stream
	metrics metrics
	count   int64 // of the meter

	mu    sync.Mutex
	state Outcome

	reported *bool // what Report was told last; nil: nothing yet
	direct   direct
}

// direct remembers what was told by the second way.
type direct struct {
	broken bool
	at     time.Time
}

type metrics struct {
	ok    prometheus.Gauge
	beats *prometheus.CounterVec
	took  prometheus.Histogram
}

// New makes a monitor; Run lets it work.
func New(o Options) *Monitor {
	if o.Within == 0 {
		o.Within = DefaultWithin
	}
	if o.Backlog == 0 {
		o.Backlog = DefaultBacklog
	}
	m := &Monitor{
		opts: o, log: o.Log.With().Str("component", "canary").Logger(), count: time.Now().Unix() % 500_000,
		stream: stream{marks: map[string]int64{}, changed: make(chan struct{})},
		metrics: metrics{
			ok:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "shouwang_canary_ok", Help: "1 while the service's own messages come through."}),
			beats: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shouwang_canary_beats_total", Help: "Messages of the canary by the stage at which they were lost; ok when they came through."}, []string{"result"}),
			took: prometheus.NewHistogram(prometheus.HistogramOpts{
				Name: "shouwang_canary_seconds", Help: "Time from the device to the live view and the time series.",
				Buckets: []float64{.05, .1, .25, .5, 1, 2, 5},
			}),
		},
	}
	m.metrics.ok.Set(1) // nothing is known to be wrong
	if o.Metrics != nil {
		o.Metrics.MustRegister(m.metrics.ok, m.metrics.beats, m.metrics.took)
	}
	return m
}

// State is what the last messages have shown.
func (m *Monitor) State() Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Check is an error while messages do not come through.
func (m *Monitor) Check() error {
	if s := m.State(); s.Broken {
		return fmt.Errorf("the service's own messages are lost since %s, at %s", s.Since.UTC().Format(time.RFC3339), s.Stage)
	}
	return nil
}

// Run sends and watches until ctx ends.
func (m *Monitor) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { m.follow(ctx); return nil })
	g.Go(func() error {
		wait := m.opts.First
		for sleep(ctx, wait) {
			wait = m.round(ctx)
		}
		return nil
	})
	return g.Wait()
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// round sends, judges and tells, and returns when to do so again.
func (m *Monitor) round(ctx context.Context) time.Duration {
	began := time.Now()
	stage, err := m.beat(ctx, m.opts.Within)
	if stage != "" && !m.State().Broken {
		// One message may fall into a pause of the machine; two do not.
		within := m.opts.Within
		if stage == Telemetry || stage == Series {
			within = m.opts.Backlog
		}
		stage, err = m.beat(ctx, within)
	}
	if ctx.Err() != nil {
		return 0
	}
	o := m.judge(stage, err, began)
	m.tell(ctx, o)
	if o.Broken {
		return min(m.opts.Every, again)
	}
	return max(m.opts.Every-time.Since(began), 0)
}

func (m *Monitor) judge(stage Stage, err error, began time.Time) Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.state
	switch {
	case stage == "":
		m.state = Outcome{}
		m.metrics.ok.Set(1)
		if was.Broken {
			m.log.Warn().Dur("lost_for_ms", time.Since(was.Since)).Msg("own messages come through again")
		}
		return m.state
	case !was.Broken:
		m.state = Outcome{Broken: true, Stage: stage, Since: began}
		m.metrics.ok.Set(0)
		m.log.Error().Err(err).Str("stage", string(stage)).Msg("own messages do not come through")
	default:
		m.state.Stage = stage
	}
	return m.state
}

// beat sends one reading and one event, and waits until both have come out.
func (m *Monitor) beat(ctx context.Context, within time.Duration) (Stage, error) {
	began := time.Now()
	stage, err := m.through(ctx, began, within)
	result := "ok"
	if stage != "" {
		result = string(stage)
	} else {
		m.metrics.took.Observe(time.Since(began).Seconds())
	}
	m.metrics.beats.WithLabelValues(result).Inc()
	return stage, err
}

func (m *Monitor) through(ctx context.Context, at time.Time, within time.Duration) (Stage, error) {
	m.count++
	event := fmt.Appendf(nil, `{"ts":%d,"event":"worn"}`, at.UnixMilli())
	// The reading has the time of the hour, so that the time series keeps one a
	// hour and not one a minute.
	reading := fmt.Appendf(nil, `{"ts":%d,"metrics":{"volume_m3":%d}}`, at.Truncate(time.Hour).UnixMilli(), m.count)
	soon, cancel := context.WithTimeout(ctx, m.opts.Within)
	defer cancel()
	if err := m.opts.Publish(soon, devices.CanaryBand, "event", event); err != nil {
		return Published, err
	}
	if err := m.opts.Publish(soon, devices.CanaryMeter, "telemetry", reading); err != nil {
		return Published, err
	}
	if stage, err := m.stream.await(soon, map[Stage]int64{Event: at.UnixMilli()}); stage != "" {
		return stage, err
	}
	later, cancel := context.WithDeadline(ctx, at.Add(within))
	defer cancel()
	if stage, err := m.stream.await(later, map[Stage]int64{Telemetry: m.count}); stage != "" {
		return stage, err
	}
	for {
		value, err := m.opts.Latest(later)
		if err == nil && int64(value) == m.count {
			return "", nil
		}
		if !sleep(later, 50*time.Millisecond) {
			return Series, errors.Join(err, later.Err())
		}
	}
}

// tell reports what has changed. What could not be told is tried again with the
// next message.
func (m *Monitor) tell(ctx context.Context, o Outcome) {
	ctx, cancel := context.WithTimeout(ctx, telling)
	defer cancel()
	// Side by side: the database may be what hangs, and the second way is for
	// just that.
	var g errgroup.Group
	if m.reported == nil || *m.reported != o.Broken {
		g.Go(func() error {
			if err := m.opts.Report(ctx, o); err != nil {
				m.log.Error().Err(err).Msg("not written that own messages are lost, or come through again")
				return nil
			}
			m.reported = &o.Broken
			return nil
		})
	}
	if m.opts.Direct != nil && o.Broken != m.direct.broken && (!o.Broken || time.Since(m.direct.at) >= directEvery) {
		g.Go(func() error {
			if err := m.opts.Direct(ctx, o); err != nil {
				m.log.Error().Err(err).Msg("second way does not take the news")
				return nil
			}
			m.direct.broken = o.Broken
			if o.Broken {
				m.direct.at = time.Now()
			}
			return nil
		})
	}
	_ = g.Wait()
}
