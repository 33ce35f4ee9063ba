package load

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Packet types of MQTT 3.1.1, shifted to where they stand in the first byte.
const (
	typeConnect    = 1 << 4
	typeConnack    = 2 << 4
	typePublish    = 3 << 4
	typePuback     = 4 << 4
	typeDisconnect = 14 << 4
)

// maxPacket bounds what is read from a broker, which has no reason to send a
// publisher more than an acknowledgement.
const maxPacket = 1 << 16

// appendConnect appends a CONNECT with a clean session, no keep-alive and no
// client id: the broker makes one up.
func appendConnect(b []byte, user, password string) []byte {
	const clean, hasPassword, hasUser = 1 << 1, 1 << 6, 1 << 7
	flags, rest := byte(clean), 10+2
	if user != "" {
		flags |= hasUser
		rest += 2 + len(user)
		if password != "" {
			flags |= hasPassword
			rest += 2 + len(password)
		}
	}
	b = append(b, typeConnect)
	b = appendLength(b, rest)
	b = appendString(b, "MQTT")
	b = append(b, 4, flags, 0, 0)
	b = appendString(b, "")
	if flags&hasUser != 0 {
		b = appendString(b, user)
	}
	if flags&hasPassword != 0 {
		b = appendString(b, password)
	}
	return b
}

// appendPublish appends a PUBLISH; id counts only with QoS 1.
func appendPublish(b []byte, topic string, payload []byte, qos byte, id uint16) []byte {
	rest := 2 + len(topic) + len(payload)
	if qos > 0 {
		rest += 2
	}
	b = append(b, typePublish|qos<<1)
	b = appendLength(b, rest)
	b = appendString(b, topic)
	if qos > 0 {
		b = binary.BigEndian.AppendUint16(b, id)
	}
	return append(b, payload...)
}

// appendLength appends a remaining length: seven bits a byte, the lowest first.
func appendLength(b []byte, n int) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s))) //nolint:gosec // checked by Run
	return append(b, s...)
}

var errPacket = errors.New("unreadable packet from the broker")

// readPacket reads one packet: its first byte and its first two bytes of
// content, which is all a publisher is ever told.
func readPacket(r *bufio.Reader) (first byte, content [2]byte, err error) {
	if first, err = r.ReadByte(); err != nil {
		return 0, content, err
	}
	length := 0
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, content, err
		}
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		if shift == 21 {
			return 0, content, fmt.Errorf("%w: its length has more than 4 bytes", errPacket)
		}
	}
	if length > maxPacket {
		return 0, content, fmt.Errorf("%w: %d bytes", errPacket, length)
	}
	n := min(length, len(content))
	if _, err := io.ReadFull(r, content[:n]); err != nil {
		return 0, content, err
	}
	_, err = r.Discard(length - n)
	return first, content, err
}

// refusals are the return codes of CONNACK.
var refusals = [...]string{ //nolint:gochecknoglobals // a constant table
	1: "it does not speak MQTT 3.1.1", 2: "it does not take the client id", 3: "it is not available",
	4: "user name or password is malformed", 5: "not authorised",
}

// connack reads the answer to CONNECT.
func connack(r *bufio.Reader) error {
	first, content, err := readPacket(r)
	switch {
	case err != nil:
		return err
	case first != typeConnack:
		return fmt.Errorf("%w: %#x instead of CONNACK", errPacket, first)
	case content[1] == 0:
		return nil
	case int(content[1]) < len(refusals):
		return fmt.Errorf("the broker refuses: %s", refusals[content[1]])
	}
	return fmt.Errorf("the broker refuses with code %d", content[1])
}
