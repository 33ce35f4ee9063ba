package detect

const (
	// lowDays of ordinary low heart rates must be known before a wearer's own
	// bound is used, and ownMargin is how far below them it lies.
	lowDays, ownMargin = 7, 5
)

// lows learn how low a wearer's heart rate is on ordinary days: many sleep at 40,
// and are well. What counts of a day is its third lowest value, so that single
// artefacts do not.
type lows struct {
	Day    int64 // the day at hand
	Lowest [3]float64
	Newest int64 // day in the ring
	Days   ring
	// Usual is the median of the days, 0 while it is not known.
	Usual float64
}

func (l *lows) learn(day int64, bpm float64) {
	switch {
	case day < l.Day:
		return
	case day > l.Day:
		l.end()
		l.Day, l.Lowest = day, [3]float64{}
	}
	for i, low := range l.Lowest {
		if low == 0 || bpm < low {
			copy(l.Lowest[i+1:], l.Lowest[i:])
			l.Lowest[i] = bpm
			return
		}
	}
}

// end takes the day at hand into what is known.
func (l *lows) end() {
	if l.Lowest[2] == 0 {
		return
	}
	if l.Day > l.Newest {
		begin(&l.Newest, l.Day, &l.Days)
	}
	l.Days[slot(l.Day)] = uint8(l.Lowest[2])
	if u := l.Days.usual(-1); u.days >= lowDays {
		l.Usual = u.median
	}
}
