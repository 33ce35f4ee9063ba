package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"shouwang/ingest"
)

// A frame, version 1, all numbers as varints of encoding/binary:
//
//	version   1 byte, 1
//	count     uvarint
//	base      varint, receipt of the first record, microseconds since 1970
//	records   count times:
//	  flags   1 byte: 1 retained, 2 tick, 4 connected; other bits are 0
//	  delta   varint, receipt minus that of the record before, microseconds
//	  and unless it is a tick:
//	  topic   uvarint length, bytes
//	  payload uvarint length, bytes
//
// Nothing follows the last record. There is no checksum: the store below
// checks every message it reads.
const frameVersion = 1

const (
	flagRetained byte = 1 << iota
	flagTick
	flagConnected
	flagsKnown = flagRetained | flagTick | flagConnected
)

// minRecord is the size of the smallest record, a tick: flags and delta.
const minRecord = 2

// ErrFrame is the kind of every error of DecodeFrame.
var ErrFrame = errors.New("unreadable frame")

// AppendFrame appends the encoded records to dst. Receipt times are kept to
// the microsecond and come back in UTC.
func AppendFrame(dst []byte, records []ingest.Record) []byte {
	dst = append(dst, frameVersion)
	dst = binary.AppendUvarint(dst, uint64(len(records)))
	var before int64
	if len(records) > 0 {
		before = records[0].Received.UnixMicro()
	}
	dst = binary.AppendVarint(dst, before)
	for i := range records {
		rec := &records[i]
		dst = append(dst, flagsOf(rec))
		at := rec.Received.UnixMicro()
		dst = binary.AppendVarint(dst, at-before)
		before = at
		if rec.Tick {
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(rec.Topic)))
		dst = append(dst, rec.Topic...)
		dst = binary.AppendUvarint(dst, uint64(len(rec.Payload)))
		dst = append(dst, rec.Payload...)
	}
	return dst
}

func flagsOf(rec *ingest.Record) byte {
	var flags byte
	if rec.Retained {
		flags |= flagRetained
	}
	if rec.Tick {
		flags |= flagTick
	}
	if rec.Connected {
		flags |= flagConnected
	}
	return flags
}

// DecodeFrame is the inverse of AppendFrame. Payloads are parts of data, which
// must not change afterwards. Errors are of the kind ErrFrame; whatever data
// holds, it does not panic and allocates in proportion to len(data).
func DecodeFrame(data []byte) ([]ingest.Record, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrFrame)
	}
	if data[0] != frameVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrFrame, data[0], frameVersion)
	}
	r := frameReader{data: data, at: 1}
	count := r.uvarint()
	at := r.varint()
	if r.failed || count > uint64((len(data)-r.at)/minRecord) {
		return nil, fmt.Errorf("%w: %d records in %d bytes", ErrFrame, count, len(data))
	}
	records := make([]ingest.Record, count)
	for i := range records {
		rec := &records[i]
		flags := r.byte()
		at += r.varint()
		rec.Received = time.UnixMicro(at).UTC()
		rec.Retained = flags&flagRetained != 0
		rec.Tick = flags&flagTick != 0
		rec.Connected = flags&flagConnected != 0
		if flags&flagTick == 0 {
			rec.Topic = string(r.bytes())
			rec.Payload = r.bytes()
		}
		if r.failed || flags&^flagsKnown != 0 {
			return nil, fmt.Errorf("%w: record %d of %d, at byte %d", ErrFrame, i, count, r.at)
		}
	}
	if r.at != len(data) {
		return nil, fmt.Errorf("%w: %d bytes after the last record", ErrFrame, len(data)-r.at)
	}
	return records, nil
}

// frameReader reads from data and remembers that it once could not; from then
// on everything it reads is zero.
type frameReader struct {
	data   []byte
	at     int
	failed bool
}

func (r *frameReader) byte() byte {
	if r.failed || r.at >= len(r.data) {
		r.failed = true
		return 0
	}
	b := r.data[r.at]
	r.at++
	return b
}

func (r *frameReader) uvarint() uint64 {
	if r.failed {
		return 0
	}
	v, n := binary.Uvarint(r.data[r.at:])
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.at += n
	return v
}

func (r *frameReader) varint() int64 {
	if r.failed {
		return 0
	}
	v, n := binary.Varint(r.data[r.at:])
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.at += n
	return v
}

func (r *frameReader) bytes() []byte {
	n := r.uvarint()
	if r.failed || n > uint64(len(r.data)-r.at) {
		r.failed = true
		return nil
	}
	b := r.data[r.at : r.at+int(n) : r.at+int(n)]
	r.at += int(n)
	return b
}
