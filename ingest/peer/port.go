package peer

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
)

// Ports below those that systems hand out by themselves (from 32768 on Linux,
// 49152 elsewhere). Between the moment a port is found free and the moment a
// program listens on it, and while that program is down and shall come back on
// it, any outgoing connection of the machine could take one of those.
const firstPort, lastPort = 12_000, 32_000

// FreeAddr is host:port of the loopback interface, where nobody listens now.
func FreeAddr() (string, error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0]), nil
}

// freePorts finds ports of the loopback interface that nobody uses now.
func freePorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n && tries < 100; tries++ {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // no secret
		l, listenErr := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err = listenErr; err != nil || slices.Contains(ports, port) {
			continue
		}
		if err = l.Close(); err == nil {
			ports = append(ports, port)
		}
	}
	if len(ports) < n {
		return nil, fmt.Errorf("no free ports: %w", err)
	}
	return ports, nil
}
