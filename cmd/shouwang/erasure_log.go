package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shouwang/devices"
)

// readErasureLog reads the file; of several lines about one resident the last
// counts. A last line that a power cut has torn was written before anything was
// erased, and is passed over.
func readErasureLog(file string) ([]devices.Erasure, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	var list []devices.Erasure
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 16<<20)
	var torn error
	for lines.Scan() {
		if torn != nil {
			return nil, torn
		}
		var erasure devices.Erasure
		if err := json.Unmarshal(lines.Bytes(), &erasure); err != nil || erasure.Resident == "" {
			torn = fmt.Errorf("read erasures: %s: line %d: %w", file, len(list)+1, errors.Join(err, errors.New("no erasure")))
			continue
		}
		list = slices.DeleteFunc(list, func(o devices.Erasure) bool { return o.Same(&erasure) })
		list = append(list, erasure)
	}
	return list, lines.Err()
}

// appendErasureLog adds a line and syncs it to disk.
func appendErasureLog(file string, erasure devices.Erasure) error {
	erasure.StateDone, erasure.SeriesDone, erasure.JournalDone = time.Time{}, time.Time{}, time.Time{}
	line, err := json.Marshal(erasure)
	if err != nil {
		return fmt.Errorf("note erasure: %w", err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("note erasure: %w", err)
	}
	// A torn last line must not swallow this one.
	if end, err := f.Seek(0, 2); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			line = append([]byte("\n"), line...)
		}
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("note erasure: %w", err)
	}
	return syncFolder(filepath.Dir(file))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
