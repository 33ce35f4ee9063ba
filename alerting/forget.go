package alerting

import (
	"context"
	"slices"
)

// Forget drops what the detectors hold of the subjects and what they have found
// and not yet written, and runs erase before anything is judged or saved again:
// no checkpoint brings back what erase deletes.
func (e *Engine) Forget(ctx context.Context, subjects []Subject, erase func(context.Context) error) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subjects.forget(subjects)
	e.pending = slices.DeleteFunc(e.pending, func(j judged) bool { return slices.Contains(subjects, j.Subject) })
	return erase(ctx)
}

func (s *subjects) forget(subjects []Subject) {
	gone := func(w *watched) bool { return slices.Contains(subjects, w.subject) }
	s.dirty = slices.DeleteFunc(s.dirty, gone)
	for _, subject := range subjects {
		if w, ok := s.byID[subject]; ok {
			w.gone = true // a checkpoint under way may still have it in hand
			delete(s.byID, subject)
		}
	}
	all, wakes := s.all[:0], s.wakes[:0]
	for i, w := range s.all {
		if !w.gone {
			w.number = len(all)
			all, wakes = append(all, w), append(wakes, s.wakes[i])
		}
	}
	clear(s.all[len(all):])
	s.all, s.wakes, s.order = all, wakes, nil
}
