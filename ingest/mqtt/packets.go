package mqtt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// message is a PUBLISH of MQTT 3.1.1, as much of it as we use.
type message struct {
	topic    string
	payload  []byte
	id       uint16 // 0 with QoS 0
	retained bool
}

// headerBytes is the length of a fixed header at most: the type and four digits
// of the length.
const headerBytes = 5

// errPacket is the kind of every error about what the broker sent.
var errPacket = errors.New("the broker does not speak MQTT 3.1.1")

// nextPacket looks at the fixed header of the next packet and leaves it where it
// is: the packet's first byte, the length of its header, and that of the rest.
func nextPacket(r *bufio.Reader) (first byte, header, rest int, err error) {
	for header = 2; header <= headerBytes; header++ {
		b, err := r.Peek(header)
		if err != nil {
			return 0, 0, 0, err
		}
		last := b[header-1]
		rest |= int(last&0x7f) << (7 * (header - 2))
		if last&0x80 == 0 {
			return b[0], header, rest, nil
		}
	}
	return 0, 0, 0, fmt.Errorf("%w: length of a packet", errPacket)
}

// readPublish reads a PUBLISH of QoS 0 or 1 whose header nextPacket has seen. The
// payload is the message's own.
func readPublish(r *bufio.Reader, first byte, header, rest int) (message, error) {
	if _, err := r.Discard(header); err != nil {
		return message{}, err
	}
	body := make([]byte, rest)
	if _, err := io.ReadFull(r, body); err != nil {
		return message{}, err
	}
	m := message{retained: first&1 != 0}
	qos := first >> 1 & 3
	if qos > 1 {
		return message{}, fmt.Errorf("%w: QoS %d, nobody has asked for it", errPacket, qos)
	}
	head := 2 + 2*int(qos)
	if len(body) < head {
		return message{}, fmt.Errorf("%w: PUBLISH of %d bytes", errPacket, len(body))
	}
	topic := int(binary.BigEndian.Uint16(body))
	if len(body) < head+topic {
		return message{}, fmt.Errorf("%w: topic of %d bytes in a PUBLISH of %d", errPacket, topic, len(body))
	}
	m.topic = string(body[2 : 2+topic])
	if qos == 1 {
		if m.id = binary.BigEndian.Uint16(body[2+topic:]); m.id == 0 {
			return message{}, fmt.Errorf("%w: QoS 1 without a packet id", errPacket)
		}
	}
	m.payload = body[head+topic:]
	return m, nil
}
