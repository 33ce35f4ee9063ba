package broker

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"
)

// The server keeps each stream in blocks of some megabytes, one record after the
// other. A record that is damaged costs it more than that record: started after
// a crash it cuts the block off there, with everything behind; started after an
// orderly stop it trusts its index, and a damaged number makes it fill a hole of
// 2^60 numbers until there is no memory left. So before it starts, the newest
// blocks of every stream are looked through, and one with good records behind
// bad bytes is written anew without those bytes. Damage at the very end, such as
// the record that was being written when the power went, is left to the server,
// which cuts it off and nothing else.
//
// The layout of a record (TestRepair holds it to the version in use): length
// uint32, its highest bit set when there are headers; number uint64; time
// uint64; length of the subject uint16; subject; with headers their length
// uint32 and they; message; checksum of 8 bytes. All little endian.
const (
	recordHead   = 22
	recordSum    = 8
	maxRecord    = 32 << 20
	headersBit   = 1 << 31
	markBits     = 3 << 62 // an erased record, or the note that one was deleted
	newestBlocks = 8
	indexFile    = "index.db"
)

// Damage is what was found in one block of a stream and could not be kept.
type Damage struct {
	Stream string
	Block  string // file
	Bytes  int    // that belong to no whole record
	Lost   int    // records that are missing between good ones, at most
	AtEnd  bool   // no good record came behind it
}

func (d Damage) String() string {
	if d.AtEnd {
		return fmt.Sprintf("stream %s: the last %d bytes of %s are no whole record", d.Stream, d.Bytes, filepath.Base(d.Block))
	}
	return fmt.Sprintf("stream %s: %d records (%d bytes) of %s are damaged", d.Stream, d.Lost, d.Bytes, filepath.Base(d.Block))
}

// repair looks through the newest blocks of all streams below the server's
// folder and writes those anew that the server would lose more of than is
// damaged.
func repair(storeDir string) ([]Damage, error) {
	var all []Damage
	dirs, err := filepath.Glob(filepath.Join(storeDir, "*", "streams", "*", "msgs"))
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		found, err := repairStream(dir)
		if err != nil {
			return all, fmt.Errorf("repair: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func repairStream(dir string) (all []Damage, err error) {
	blocks, err := filepath.Glob(filepath.Join(dir, "*.blk"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(blocks, func(a, b string) int { return cmp.Compare(blockNumber(b), blockNumber(a)) })
	stream := filepath.Base(filepath.Dir(dir))
	for _, file := range blocks[:min(len(blocks), newestBlocks)] {
		data, err := os.ReadFile(file)
		if err != nil {
			return all, err
		}
		key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, blockNumber(file)))
		sum, err := highwayhash.NewDigest64(key[:])
		if err != nil {
			return all, err
		}
		good, damage := salvage(data, sum)
		if damage.Bytes == 0 {
			continue
		}
		damage.Stream, damage.Block = stream, file
		all = append(all, damage)
		if damage.AtEnd || len(good) == 0 {
			continue
		}
		if err := rewrite(file, good); err != nil {
			return all, err
		}
		// The index describes the block of before; without it the server looks
		// at the blocks themselves.
		if err := os.Remove(filepath.Join(dir, indexFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return all, err
		}
	}
	return all, nil
}

func blockNumber(file string) uint32 {
	n, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(file), ".blk"), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// rewrite replaces the file in one step.
func rewrite(file string, data []byte) error {
	fresh := file + ".repair"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	if err := os.Rename(fresh, file); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// salvage returns the good records of a block, and what lies between them.
func salvage(data []byte, sum hash.Hash) (good []byte, d Damage) {
	last, bad, badAt := uint64(0), 0, 0
	for at := 0; at < len(data); {
		n, seq, ok := 0, uint64(0), false
		if bad == 0 || mayFollow(data[at:], last) {
			n, seq, ok = record(data[at:], sum)
		}
		if !ok {
			if bad == 0 {
				badAt = at
			}
			bad++
			at++
			continue
		}
		if bad > 0 {
			if d.Bytes == 0 {
				good = append(good, data[:badAt]...)
			}
			d.Bytes += bad
			switch {
			case seq&markBits != 0:
			case last == 0: // nobody knows how many came before
				d.Lost++
			default:
				d.Lost += int(seq - last - 1)
			}
			bad = 0
		}
		if d.Bytes > 0 {
			good = append(good, data[at:at+n]...)
		}
		if seq&markBits == 0 {
			last = seq
		}
		at += n
	}
	if bad == 0 {
		return good, d
	}
	if d.Bytes == 0 {
		return nil, Damage{Bytes: bad, AtEnd: true}
	}
	d.Bytes += bad // the end goes with the rest
	return good, d
}

// mayFollow says whether what begins here has a number that can come after
// last; only then is it worth while to compute a checksum at this byte.
func mayFollow(b []byte, last uint64) bool {
	if len(b) < recordHead {
		return false
	}
	seq := binary.LittleEndian.Uint64(b[4:])
	if seq&markBits != 0 || last == 0 {
		return seq&^markBits < 1<<40
	}
	return seq > last && seq <= last+1<<20
}

// record says whether a whole record begins here, how long it is and which.
func record(b []byte, sum hash.Hash) (n int, seq uint64, ok bool) {
	if len(b) < recordHead+recordSum {
		return 0, 0, false
	}
	le := binary.LittleEndian
	length, subject := le.Uint32(b), int(le.Uint16(b[20:]))
	hasHeaders := length&headersBit != 0
	length &^= headersBit
	if length > maxRecord || int(length) > len(b) || int(length) < recordHead+subject+recordSum {
		return 0, 0, false
	}
	n = int(length)
	body := b[recordHead : n-recordSum]
	sum.Reset()
	_, _ = sum.Write(b[4:20])
	_, _ = sum.Write(body[:subject])
	body = body[subject:]
	if hasHeaders {
		if len(body) < 4 {
			return 0, 0, false
		}
		body = body[4:]
	}
	_, _ = sum.Write(body)
	if !bytes.Equal(sum.Sum(nil), b[n-recordSum:n]) {
		return 0, 0, false
	}
	return n, le.Uint64(b[4:]), true
}
