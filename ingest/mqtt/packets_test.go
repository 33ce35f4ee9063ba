package mqtt

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// publishBytes is a PUBLISH as paho writes it.
func publishBytes(t testing.TB, topic string, payload []byte, qos byte, id uint16, retained bool) []byte {
	t.Helper()
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos, p.MessageID, p.Retain = topic, payload, qos, id, retained
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// connOf is a connection on which the bytes come and then its end.
func connOf(input io.Reader, take func(message)) *conn {
	return &conn{reader: bufio.NewReaderSize(input, readBuffer), take: take, down: func(error) {}}
}

// Messages of all sizes between paho's packets, in pieces of any size.
func TestMessagesAreTakenBetweenPackets(t *testing.T) {
	pong, suback := []byte{packets.Pingresp << 4, 0}, []byte{packets.Suback << 4, 3, 0, 1, 1}
	var input, forPaho bytes.Buffer
	var want []message
	for i, size := range []int{0, 1, 100, 127, 128, 16_383, 16_384, 100_000, 3 << 20} {
		m := message{topic: strings.Repeat("主", i+1), payload: bytes.Repeat([]byte{byte(i)}, size), retained: i%2 == 0}
		if i%3 != 0 {
			m.id = uint16(i) //nolint:gosec // small
		}
		qos := byte(0)
		if m.id != 0 {
			qos = 1
		}
		input.Write(publishBytes(t, m.topic, m.payload, qos, m.id, m.retained))
		want = append(want, m)
		for _, packet := range [][]byte{pong, suback}[:i%3%2+i%2] {
			input.Write(packet)
			forPaho.Write(packet)
		}
	}
	for name, input := range map[string]io.Reader{
		"whole": bytes.NewReader(input.Bytes()), "halves": iotest.HalfReader(bytes.NewReader(input.Bytes())),
	} {
		var got []message
		rest, err := io.ReadAll(connOf(input, func(m message) { got = append(got, m) }))
		if err != nil || !bytes.Equal(rest, forPaho.Bytes()) {
			t.Errorf("%s: paho reads %x, %v; want %x", name, rest, err, forPaho.Bytes())
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d messages, want %d", name, len(got), len(want))
		}
		for i, m := range got {
			w := want[i]
			if m.topic != w.topic || m.id != w.id || m.retained != w.retained || !bytes.Equal(m.payload, w.payload) {
				t.Errorf("%s: message %d: %q, id %d, retained %t, %d bytes", name, i, m.topic, m.id, m.retained, len(m.payload))
			}
		}
	}
}

func TestBrokenPackets(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		want  error
	}{
		"endless length":     {"\x30\xff\xff\xff\xff\x01", errPacket},
		"no room for topic":  {"\x30\x01a", errPacket},
		"topic too long":     {"\x30\x04\x00\x03ab", errPacket},
		"no room for the id": {"\x32\x05\x00\x02ab\x00", errPacket},
		"id 0":               {"\x32\x05\x00\x01a\x00\x00", errPacket},
		"QoS 2":              {"\x34\x05\x00\x01a\x00\x01", errPacket},
		"cut header":         {"\x30", io.EOF},
		"cut message":        {"\x30\x05\x00\x01a", io.ErrUnexpectedEOF},
	} {
		conn := connOf(strings.NewReader(c.bytes), func(m message) { t.Errorf("%s: %q is taken", name, m.topic) })
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// FuzzPackets compares with what paho makes of the same bytes.
func FuzzPackets(f *testing.F) {
	f.Add(publishBytes(f, "homecare/v1/acme/m-1/event", []byte(`{"event":"sos"}`), 1, 7, false))
	f.Add(append(publishBytes(f, "a", nil, 0, 0, true), packets.Pingresp<<4, 0))
	f.Add([]byte("\x32\x05\x00\x01a\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got []message
		_, err := io.ReadAll(io.LimitReader(connOf(bytes.NewReader(data), func(m message) { got = append(got, m) }), 1<<20))
		theirs := bytes.NewReader(data)
		for i := 0; ; {
			p, pahoErr := packets.ReadPacket(theirs)
			if pahoErr != nil {
				return // it is stricter with packets that are no messages
			}
			m, ok := p.(*packets.PublishPacket)
			if !ok {
				continue
			}
			if i == len(got) {
				if err == nil {
					t.Fatalf("message %d, %q, is missing", i, m.TopicName)
				}
				return
			}
			if g := got[i]; g.topic != m.TopicName || !bytes.Equal(g.payload, m.Payload) || g.id != m.MessageID || g.retained != m.Retain {
				t.Fatalf("message %d: %+v, want %v", i, g, m)
			}
			i++
		}
	})
}
