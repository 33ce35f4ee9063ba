package backtest

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// WritePlot draws the points of one set as SVG: alerts at home per home-month
// across, on a scale of powers of ten, against the mean delay in hours. Points of
// one curve are joined; nearer to the lower left corner is better.
func WritePlot(w io.Writer, title string, points []Point) error {
	const (
		width, height            = 720.0, 460.0
		left, right, top, bottom = 60.0, 190.0, 40.0, 50.0
	)
	low, high, most := 1.0, 1.0, 24.0
	for _, p := range points {
		low, high, most = math.Min(low, clamp(p.AtHome)), math.Max(high, p.AtHome), math.Max(most, p.Delay.Mean)
	}
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	most = math.Ceil(most/6) * 6
	x := func(rate float64) float64 {
		return left + (math.Log10(clamp(rate))-first)/(last-first)*(width-left-right)
	}
	y := func(hours float64) float64 { return height - bottom - hours/most*(height-top-bottom) }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="#fff"/>`+"\n"+`<text x="%.0f" y="22" font-size="15">%s</text>`+"\n", width, height, left, html.EscapeString(title))
	for h := 0.0; h <= most; h += 6 {
		fmt.Fprintf(&b, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%.0f h</text>`+"\n",
			left, y(h), width-right, left-6, y(h)+4, h)
	}
	for e := first; e <= last; e++ {
		rate := math.Pow(10, e)
		fmt.Fprintf(&b, `<path d="M%.1f %.1fV%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n",
			x(rate), top, height-bottom, x(rate), height-bottom+16, rate)
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">alerts at home per home-month</text>`+"\n", (left+width-right)/2, height-12)
	fmt.Fprintf(&b, `<text transform="translate(16 %.1f) rotate(-90)" text-anchor="middle">mean delay to an injected collapse</text>`+"\n", height/2)

	colours := []string{"#888", "#c60", "#06c", "#093", "#909"}
	for i, name := range curves(points) {
		colour := colours[i%len(colours)]
		var path []string
		for _, p := range points {
			if p.Curve != name {
				continue
			}
			path = append(path, fmt.Sprintf("%.1f %.1f", x(p.AtHome), y(p.Delay.Mean)))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s %s: %.2f, %.1f h</title></circle>`+"\n",
				x(p.AtHome), y(p.Delay.Mean), colour, html.EscapeString(name), html.EscapeString(p.Label), p.AtHome, p.Delay.Mean)
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" font-size="9" fill="%s">%s</text>`+"\n", x(p.AtHome)+5, y(p.Delay.Mean)-4, colour, html.EscapeString(p.Label))
		}
		fmt.Fprintf(&b, `<path d="M%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", strings.Join(path, "L"), colour)
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="12" height="12" fill="%s"/><text x="%.1f" y="%.1f">%s</text>`+"\n",
			width-right+14, top+float64(i)*20, colour, width-right+32, top+float64(i)*20+10, html.EscapeString(name))
	}
	b.WriteString("</svg>\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write plot: %w", err)
	}
	return nil
}

// clamp puts what has no place on the scale, no alerts at all, at its left end.
func clamp(rate float64) float64 { return math.Max(rate, 0.01) }

// curves names the curves in the order in which they come.
func curves(points []Point) []string {
	var names []string
	for _, p := range points {
		if len(names) == 0 || names[len(names)-1] != p.Curve {
			names = append(names, p.Curve)
		}
	}
	return names
}

// WriteTable writes the points as a table in Markdown.
func WriteTable(w io.Writer, points []Point) error {
	var b strings.Builder
	b.WriteString("| rule | setting | at home / home-month | away | mean delay h | p50 / p90 h | as received, mean h | not within 72 h | orange, red at home |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range points {
		fmt.Fprintf(&b, "| %s | %s | %.2f | %.2f | %.1f | %.0f / %.0f | %.1f | %d of %d | %.2f, %.2f |\n", p.Curve, p.Label, p.AtHome, p.Away,
			p.Delay.Mean, p.Delay.P50, p.Delay.P90, p.Receipt.Mean, p.Missed, p.Injected.Collapses, p.Stages["orange"], p.Stages["red"])
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
