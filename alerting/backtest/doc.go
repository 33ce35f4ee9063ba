// Package backtest runs the live detectors and the live alert engine over
// recorded readings, far faster than they came, and keeps the score: alerts per
// resident-month at home and away, delay to labelled incidents and to injected
// collapses, in event time and in receipt time. The same input gives the same
// output, byte for byte.
//
// In short:
//
//	set, err := backtest.Load(backtest.Files{Readings: []string{"readings.csv.gz"}})
//	result, err := backtest.Run(ctx, set, backtest.Options{Rules: rules})
//	score := backtest.ScoreOf(set, result)
//
// and for a detector that is being tuned, from a test:
//
//	curve := backtest.Curve{Name: "mine", Settings: []backtest.Setting{
//		{Label: "0.5", Value: 0.5, Rules: rules},           // the live detectors under other rules
//		{Label: "0.7", Value: 0.7, Detectors: myDetectors}, // or other detectors
//	}}
//	points, err := backtest.Frontier(ctx, set, curve, backtest.FrontierOptions{PerHome: 40, Seed: 1})
//
// Each point has alerts at home per home-month and the delay to an injected
// collapse. backtest.FixedRule and backtest.Cuddihy are the reference curves.
package backtest
