package alerting

// Ask hands fn the detectors of a subject, none when nothing was ever heard of
// it. fn must only look, and not for long: the lanes wait.
func (e *Engine) Ask(s Subject, fn func(Detector)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w, ok := e.subjects.byID[s]
	if !ok {
		return
	}
	for i := range w.detectors {
		fn(w.detectors[i].Detector)
	}
}
