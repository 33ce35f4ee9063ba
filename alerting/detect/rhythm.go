package detect

import "math"

// rhythm is what is known of a person's pauses between uses of water: how many
// began at each hour of the day, by how many hours they lasted. From it comes the
// time to wait: where waiting on costs as much, in hours that somebody would lie
// there, as it saves in false alarms at a given price.
//
// How many pauses are so long is told in two ways, whose mean counts. By when they
// began: the count is spread over neighbouring hours, the pauses of an average home
// are added for a few days' worth, and beyond the longest few the tail falls off as
// an exponential whose scale is the person's own, drawn towards an usual one: so
// the wait never depends on one odd night alone. And by when they may end (see
// byEnd): people get up, come home and cook at their hours, whenever it was that
// they last used water.
//
// The first was chosen on 28 real homes of one and two persons and on simulated
// ones, the second on the 22 of two persons and on simulated ones (seeds 1, 2 and
// 201); docs/detection.md says which of its figures are of other homes.
type rhythm struct {
	pauses [24][pauseBins]uint16 // in units of 1/pauseUnit
	day    int64
	hours  float32 // learnt, absences left out; it does not fade
}

const (
	pauseBins = 49 // whole hours; the last holds all longer ones
	pauseUnit = 256
	// fade is what is left of a count after a day, of 65536: half after two
	// months.
	fade = 64812
	// priorDays is for how many days of its own an average home counts.
	priorDays = 5
	// fewPauses is the number of pauses from which on the tail is drawn; its
	// scale has the weight of tailWeight pauses of tailHours before any is seen.
	fewPauses, tailWeight, tailHours = 3, 10, 1.5
	// leastWait, h: nobody is asked after sooner.
	leastWait = 6
	// learntDays of life at home are needed before the rhythm has a say.
	rhythmDays = 14
)

// averageHome is how many pauses of 0, 1, 2 … whole hours a day has, in ten
// thousandths: the mean of the 28 DAIAD homes with one and two persons (trial A,
// Alicante, CC BY-SA 4.0).
var averageHome = [...]float64{
	67904, 14143, 5849, 3619, 2358, 2078, 1903, 1503, 989, 584, 420, 276, 183, 104, 52, 37,
	22, 29, 19, 24, 31, 36, 20, 19, 15, 9, 8, 13, 7, 5, 7,
}

func (r *rhythm) learnt() bool { return r.hours >= rhythmDays*24 }

// learn takes a pause that has ended: it began at an hour of the day, and lasted
// so many hours.
func (r *rhythm) learn(day int64, clock int, hours, since float64) {
	r.age(day)
	n := &r.pauses[clock][min(int(hours+0.05), pauseBins-1)]
	*n = uint16(min(int(*n)+pauseUnit, math.MaxUint16))
	r.hours += float32(since)
}

// age lets what was learnt fade up to the day.
func (r *rhythm) age(day int64) {
	if r.day == 0 {
		r.day = day
	}
	days := day - r.day
	if days <= 0 {
		return
	}
	r.day = day
	left := math.Pow(fade/65536.0, float64(days))
	for c := range r.pauses {
		for b, n := range r.pauses[c] {
			if n > 0 {
				r.pauses[c][b] = uint16(float64(n) * left)
			}
		}
	}
}

// kernel is the weight of pauses that began so many hours of the day apart: nine
// tenths of a normal curve with a deviation of two hours, and a tenth whatever the
// hour. It adds up to one.
var kernel = [24]float64{
	0.183691, 0.162596, 0.113053, 0.062450, 0.028463, 0.012054, 0.006161, 0.004559,
	0.004227, 0.004174, 0.004167, 0.004167, 0.004167, 0.004167, 0.004167, 0.004174,
	0.004227, 0.004559, 0.006161, 0.012054, 0.028463, 0.062450, 0.113053, 0.162596,
}

// around is how many pauses of each length began about an hour of the day, per
// one hour, and how many counted pauses one of them stands for.
func (r *rhythm) around(clock int) (n [pauseBins]float64, each float64) {
	for c := range r.pauses {
		weight := kernel[(c-clock+24)%24] / pauseUnit
		for b, count := range r.pauses[c] {
			if count > 0 {
				n[b] += weight * float64(count)
			}
		}
	}
	for b, count := range averageHome {
		n[b] += priorDays * count / 10000 / 24
	}
	return n, 1 / kernel[0]
}

// waits are the hours to wait after a last use at an hour of the day, at prices
// for a false alarm in hours that a person would lie there; at most longest.
func (r *rhythm) waits(clock int, prices []float64, longest int) []int {
	n, each := r.around(clock)
	var over [pauseBins + 1]float64 // pauses of at least so many hours
	for b := pauseBins - 1; b >= 0; b-- {
		over[b] = over[b+1] + n[b]
	}
	from := pauseBins - 1
	for from > leastWait && over[from] < fewPauses/24.0 {
		from--
	}
	excess := 0.0
	for b := from; b < pauseBins; b++ {
		excess += n[b] * (float64(b-from) + 0.5)
	}
	scale := (excess*each + tailWeight*tailHours) / (over[from]*each + tailWeight)
	falls := math.Exp(-1 / scale)
	ends := r.byEnd(clock, longest, over[leastWait])
	for b := from + 1; b < len(over); b++ {
		over[b] = over[b-1] * falls
	}
	for b := leastWait; b <= longest+1; b++ {
		over[b] = (over[b] + ends[b]) / 2
	}
	waits, least := make([]int, len(prices)), make([]float64, len(prices))
	for i := range waits {
		waits[i], least[i] = longest, math.Inf(1)
	}
	lying, grows := 0.0, 0.0 // hours lain when the wait is b, and by how much more with one hour on
	for b := 0; b <= longest; b++ {
		for i, price := range prices {
			if cost := price*over[b] + lying; b >= leastWait && cost < least[i] {
				waits[i], least[i] = b, cost
			}
		}
		grows += (over[b] + over[b+1]) / 2
		lying += grows
	}
	return waits
}

// The chance that a pause ends in an hour is that of pauses that had lasted about
// as long at that hour of the day, those an hour beside it counting beside; lengths
// are compared more and more coarsely (endSpread, and endWiden for each hour). To
// them come endPrior pauses of which averageEnds end in any hour, as they do in an
// average home from 6 to 12 h on.
const endPrior, averageEnds, endSpread, endWiden, beside = 2, 0.3, 2.2, 0.66, 0.4

// byEnd is how many of the pauses that have lasted leastWait hours go on so long,
// as told by the hours at which pauses end.
func (r *rhythm) byEnd(clock, longest int, lasted float64) (over [pauseBins + 1]float64) {
	// By length and by the hour of the beginning, which goes round by one on
	// either side.
	var going, ended [pauseBins][26]float32
	most := 0
	for c := range r.pauses {
		sum := float32(0)
		for b := pauseBins - 1; b >= 0; b-- {
			n := float32(r.pauses[c][b]) / pauseUnit
			if sum += n; sum > 0 {
				most = max(most, b)
				going[b][c+1], ended[b][c+1] = sum, n
			}
		}
	}
	for b := range most + 1 {
		going[b][0], going[b][25], ended[b][0], ended[b][25] = going[b][24], going[b][1], ended[b][24], ended[b][1]
	}
	over[leastWait] = lasted
	for b := leastWait; b <= longest; b++ {
		wide := endSpread + endWiden*float32(b)
		there, ends := float32(endPrior), float32(endPrior*averageEnds)
		first := max(0, b-int(wide))
		began := (clock + b - first + 24) % 24
		for like := first; like <= min(most, b+int(wide)); like++ {
			apart := float32(like - b)
			weight := 1 - apart*apart/(wide*wide)
			g, e := going[like][began:began+3], ended[like][began:began+3]
			there += weight * (g[1] + beside*(g[0]+g[2]))
			ends += weight * (e[1] + beside*(e[0]+e[2]))
			if began--; began < 0 {
				began = 23
			}
		}
		over[b+1] = over[b] * float64(1-ends/there)
	}
	return over
}

// usual is the length, in hours, that nineteen of twenty pauses of at least two
// hours about this time of day stay below: what the page calls usual.
func (r *rhythm) usual(clock int) int {
	n, _ := r.around(clock)
	sum, seen := 0.0, 0.0
	for b := 2; b < pauseBins; b++ {
		sum += n[b]
	}
	for b := 2; b < pauseBins; b++ {
		if seen += n[b]; seen >= 0.95*sum {
			return b + 1
		}
	}
	return pauseBins
}
