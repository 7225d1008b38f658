package server

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"datafast/internal/clickhousetest"
	"datafast/internal/postgrestest"
)

// costClients are more than elsewhere: what a commit costs is shared by the events
// that came meanwhile, as it is where cost matters.
const costClients = 250

// BenchmarkCost measures the processor time that an event costs from its request to
// its commit: that of the server process and, beside it, that of the stores'. The
// clients' own is not counted.
func BenchmarkCost(b *testing.B) {
	for _, engines := range []string{"embedded", "servers"} {
		b.Run(engines, func(b *testing.B) {
			settings := testSettings(b.TempDir())
			if engines == "servers" {
				events := clickhousetest.Start(b)
				settings.DatabaseURL, settings.EventsURL = postgrestest.Start(b).NewDatabase(b), events.URL(events.NewDatabase(b))
			}
			s, err := Open(b.Context(), settings, Options{Version: "test", Stdout: io.Discard, Stderr: testWriter{b}})
			if err != nil {
				b.Fatal(err)
			}
			w, _ := (&installation{t: b, server: s}).addOwner("owner@example.com", "shop.example", "UTC", "EUR")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			listen := freeAddress(b)
			server := startServer(b, settings.Data, listen, "DATAFAST_TEST_DATABASE="+settings.DatabaseURL, "DATAFAST_TEST_EVENTS="+settings.EventsURL)
			defer func() { _ = server.Process.Kill() }()
			for b.Loop() {
				serverBefore, allBefore := processorTime(b, server.Process.Pid), processorTime(b, os.Getpid())-ownTime(b, os.Getpid())
				var sent int
				var mu sync.Mutex
				var clients sync.WaitGroup
				until := time.Now().Add(benchTime)
				for c := range costClients {
					clients.Go(func() {
						took, err := hammerOne(listen, w.TrackingID, c, until)
						if err != nil {
							b.Error(err)
						}
						mu.Lock()
						defer mu.Unlock()
						sent += len(took)
					})
				}
				clients.Wait()
				time.Sleep(2 * time.Second) // the merge of sessions counts too
				inServer := processorTime(b, server.Process.Pid) - serverBefore
				inStores := processorTime(b, os.Getpid()) - ownTime(b, os.Getpid()) - allBefore - inServer
				b.ReportMetric(float64(sent)/benchTime.Seconds(), "events/s")
				b.ReportMetric(float64(inServer.Microseconds())/float64(sent), "server-CPU-µs/event")
				b.ReportMetric(float64(inStores.Microseconds())/float64(sent), "stores-CPU-µs/event")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// stat is a process as the kernel tells of it.
type stat struct {
	parent int
	spent  time.Duration
}

func statOf(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	number := func(i int) int {
		n, convErr := strconv.Atoi(f[i])
		if convErr != nil {
			err = convErr
		}
		return n
	}
	const tick = 10 * time.Millisecond // of the kernel's clock, on every Linux
	return stat{number(1), time.Duration(number(11)+number(12)) * tick}, err
}

func ownTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	s, err := statOf(pid)
	if err != nil {
		b.Fatal(err)
	}
	return s.spent
}

// processorTime is what a process and those that it started have spent so far.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	files, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		b.Fatal(err)
	}
	children := map[int][]int{}
	spent := map[int]time.Duration{}
	for _, f := range files {
		p, err := strconv.Atoi(filepath.Base(f))
		if err != nil {
			continue
		}
		s, err := statOf(p)
		if err != nil {
			continue // it has ended
		}
		children[s.parent] = append(children[s.parent], p)
		spent[p] = s.spent
	}
	var total time.Duration
	for list := []int{pid}; len(list) > 0; {
		p := list[0]
		list = append(list[1:], children[p]...)
		total += spent[p]
	}
	return total
}
