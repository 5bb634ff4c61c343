// Command gocaller calls a state store on a socket as daprd would, with grpc-go, so many at once on one
// connection: gocaller SOCKET get|set AT_ONCE SIZE. See load/control.py for what it writes and reads.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	service = "/dapr.proto.components.v1.StateStore/"
	keys    = 16
	warmUp  = 300 * time.Millisecond
)

// raw passes messages on as they are: what the caller costs is not measured.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

type figures struct {
	Requests int     `json:"requests"`
	Failed   int     `json:"failed"`
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
}

type caller struct {
	connection *grpc.ClientConn
	atOnce     int
	size       int
	turn       atomic.Int64
	stored     [][keys][]byte
}

func main() {
	if len(os.Args) != 5 {
		fail("usage: gocaller SOCKET get|set AT_ONCE SIZE")
	}
	connection, err := grpc.NewClient("unix:"+os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{})))
	check(err)
	atOnce, size := number(os.Args[3]), number(os.Args[4])
	c := &caller{connection: connection, atOnce: atOnce, size: size, stored: make([][keys][]byte, atOnce)}
	c.call("Init", protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), nil))
	for worker := range atOnce {
		for n := range keys {
			c.set(worker, n)
		}
	}
	operation := map[string]func(int, int){"get": c.get, "set": c.set}[os.Args[2]]
	c.work(operation, warmUp)
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		seconds, err := strconv.ParseFloat(strings.TrimSpace(lines.Text()), 64)
		check(err)
		told, err := json.Marshal(c.work(operation, time.Duration(seconds*float64(time.Second))))
		check(err)
		fmt.Println(string(told))
		for worker := range atOnce {
			for n := range keys {
				c.get(worker, n)
			}
		}
		fmt.Println("checked")
	}
}

func (c *caller) work(operation func(worker, number int), length time.Duration) figures {
	began := time.Now()
	until := began.Add(length)
	latencies := make([][]time.Duration, c.atOnce)
	var workers sync.WaitGroup
	for worker := range c.atOnce {
		workers.Go(func() {
			now := time.Now()
			for n := 0; now.Before(until); n = (n + 1) % keys {
				operation(worker, n)
				later := time.Now()
				latencies[worker] = append(latencies[worker], later.Sub(now))
				now = later
			}
		})
	}
	workers.Wait()
	elapsed := time.Since(began)
	var all []time.Duration
	for _, each := range latencies {
		all = append(all, each...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	milliseconds := func(each time.Duration) float64 { return float64(each.Microseconds()) / 1000 }
	return figures{
		Requests: len(all), Seconds: elapsed.Seconds(),
		P50: milliseconds(all[len(all)/2]), P99: milliseconds(all[len(all)*99/100]),
	}
}

func key(worker, number int) []byte { return fmt.Appendf(nil, "order-%d-%d", worker, number) }

func (c *caller) get(worker, number int) {
	request := protowire.AppendTag(nil, 1, protowire.BytesType)
	request = protowire.AppendBytes(request, key(worker, number))
	answer := c.call("Get", request)
	if found := field(answer, 1); !bytes.Equal(found, c.stored[worker][number]) {
		fail(fmt.Sprintf("wanted %q, got %q", c.stored[worker][number], found))
	}
}

func (c *caller) set(worker, number int) {
	tail := fmt.Sprintf(`","order":"%d-%d","turn":%d}`, worker, number, c.turn.Add(1))
	value := []byte(`{"note":"` + strings.Repeat("x", max(0, c.size-len(tail)-9)) + tail)
	request := protowire.AppendTag(nil, 1, protowire.BytesType)
	request = protowire.AppendBytes(request, key(worker, number))
	request = protowire.AppendTag(request, 2, protowire.BytesType)
	request = protowire.AppendBytes(request, value)
	c.call("Set", request)
	c.stored[worker][number] = value
}

func (c *caller) call(method string, request []byte) []byte {
	ctx, cancel := context.WithTimeout(
		metadata.AppendToOutgoingContext(context.Background(), "x-component-instance", "store"), 10*time.Second)
	defer cancel()
	var answer []byte
	check(c.connection.Invoke(ctx, service+method, request, &answer, grpc.WaitForReady(true)))
	return answer
}

// field returns the bytes of a field, which is not there if they are none.
func field(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		found, kind, size := protowire.ConsumeTag(message)
		message = message[max(size, 0):]
		if size > 0 && found == wanted && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			return value
		}
		if size = protowire.ConsumeFieldValue(found, kind, message); size < 0 {
			fail("the answer is no message")
		}
		message = message[size:]
	}
	return nil
}

func number(text string) int {
	found, err := strconv.Atoi(text)
	check(err)
	return found
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}
