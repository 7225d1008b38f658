package eventlog

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"datafast/internal/event"
)

// batch makes events that are told apart by their path; every field is filled
// somewhere.
func batch(paths ...string) []*event.Event {
	at := time.Date(2026, 5, 1, 10, 0, 0, 123e6, time.UTC)
	out := make([]*event.Event, len(paths))
	for i, p := range paths {
		out[i] = &event.Event{
			ID: "0123456789abcdef01234567", WebsiteID: "0123456789abcdef01234568", Time: at, Visitor: event.VisitorID{1}.ForceV4(),
			ClientSession: "s1", Kind: event.Pageview, Server: true, Hostname: "shop.example", Path: p, Name: "n", Data: `{"a":1}`,
			Origin: event.Origin{Source: "news"}, System: event.System{Browser: "Firefox"}, Place: event.Place{Country: "DE", Latitude: 52.5},
			Viewport: event.Size{Width: 1280, Height: 720}, Screen: event.Size{Width: 1, Height: 2}, Language: "de", Timezone: "Europe/Berlin",
			ClientFirstSeen: at.Add(-time.Hour), ClientSessions: 3, DuplicateHash: 1 << 63, ImportID: "line 7",
		}
	}
	return out
}

func paths(events []*event.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Path)
	}
	return strings.Join(out, " ")
}

// open opens a log whose files are closed at the end, also where nobody closed it.
func open(t *testing.T, dir string, stored uint64) *Log {
	t.Helper()
	l, err := Open(dir, stored)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.closeFiles() })
	return l
}

func appendAll(t *testing.T, l *Log, batches ...[]*event.Event) {
	t.Helper()
	for _, b := range batches {
		if err := l.Append(b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, dir, 7)
	appendAll(t, l, batch("/a", "/b"), batch("/c"))
	events, number := l.Take()
	if got := paths(events); got != "/a /b /c" || number != 9 {
		t.Errorf("took %s and %d, want /a /b /c and 9", got, number)
	}
	if events, _ := l.Take(); len(events) > 0 {
		t.Errorf("took %s twice", paths(events))
	}
	appendAll(t, l, batch("/d"))

	// Killed: nothing of the first three was released.
	again := open(t, dir, 7)
	events, number = again.Take()
	if got := paths(events); got != "/a /b /c /d" || number != 10 {
		t.Errorf("after a kill took %s and %d, want all four and 10", got, number)
	}
	if want := batch("/a")[0]; *events[0] != *want {
		t.Errorf("read %+v, want %+v", *events[0], *want)
	}
	if err := again.Append(batch("/e")); err == nil {
		t.Error("appended before what the last run left was released")
	}
	again.Release(number)
	appendAll(t, again, batch("/e"))

	// Killed again: the store has what was released.
	last := open(t, dir, number)
	if events, number = last.Take(); paths(events) != "/e" || number != 11 {
		t.Errorf("took %s and %d, want /e and 11", paths(events), number)
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	if events, _ = open(t, dir, 10).Take(); paths(events) != "/e" {
		t.Errorf("a log that was closed with /e in it has %q", paths(events))
	}
	last = open(t, dir, 11)
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a log of which all is stored leaves its directory: %v", err)
	}
}

// TestLog_turns: the files take turns, and do not grow while what is in them is
// released now and then.
func TestLog_turns(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, dir, 0)
	long := strings.Repeat("x", 64<<10)
	var released uint64
	for i := range 200 {
		appendAll(t, l, batch(fmt.Sprintf("/%d/%s", i, long)))
		if i%10 == 9 { // what was appended meanwhile is not released: never all of it
			_, number := l.Take()
			released = number - 3
			l.Release(released)
		}
	}
	for _, s := range l.files {
		if info, err := s.file.Stat(); err != nil || info.Size() > 3*switchAt {
			t.Errorf("%s has %d bytes, %v", s.file.Name(), info.Size(), err)
		}
	}
	events, number := open(t, dir, released).Take()
	if len(events) != 3 || number != 200 || !strings.HasPrefix(events[0].Path, "/197/") {
		t.Errorf("%d events are left up to %d, want the last three of 200", len(events), number)
	}
}

// TestLog_together appends from many sides while the tables take and release.
func TestLog_together(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "log"), 0)
	const sides, each = 8, 50
	var appending sync.WaitGroup
	for side := range sides {
		appending.Go(func() {
			for i := range each {
				if err := l.Append(batch(fmt.Sprint("/", side, "/", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		appending.Wait()
	}()
	seen := map[string]int{}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		events, number := l.Take()
		for _, e := range events {
			seen[e.Path]++
		}
		l.Release(number)
	}
	for path, n := range seen {
		if n != 1 {
			t.Errorf("%s was taken %d times", path, n)
		}
	}
	if len(seen) != sides*each || l.Full() {
		t.Errorf("%d events taken, want %d; full: %v", len(seen), sides*each, l.Full())
	}
}

func TestLog_full(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "log"), 0)
	big := batch(strings.Repeat("x", 9<<20))
	for i, want := range []bool{false, false, false, true} {
		appendAll(t, l, big)
		if l.Full() != want {
			t.Errorf("full after %d batches: %v", i+1, !want)
		}
	}
	_, number := l.Take()
	l.Release(number)
	if l.Full() {
		t.Error("full when everything is released")
	}
}

// TestLog_refused: a batch that could not be written is not there after the next
// start, and does not harm those before and after it.
func TestLog_refused(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "log")
		l := open(t, dir, 0)
		want := "/b"
		if !first {
			appendAll(t, l, batch("/a"))
			want = "/a /b"
		}
		// A file that cannot be written, in place of a full disk.
		s := l.files[l.current]
		if first {
			s, _ = l.segment()
		}
		writable := s.file
		broken, err := os.Open(writable.Name())
		if err != nil {
			t.Fatal(err)
		}
		s.file = broken
		for range 2 {
			if err := l.Append(batch("/refused")); err == nil {
				t.Fatal("appended to a file that cannot be written")
			}
		}
		s.file = writable
		_ = broken.Close()
		appendAll(t, l, batch("/b"))
		if events, _ := open(t, dir, 0).Take(); paths(events) != want {
			t.Errorf("stored %s, want %s", paths(events), want)
		}
	}
}

// TestOpen_damaged: a log with a hole is refused, never read as if it were whole.
func TestOpen_damaged(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, dir, 0)
	appendAll(t, l, batch(strings.Repeat("x", switchAt)))
	l.files[1-l.current].last = 0
	appendAll(t, l, batch("/b"), batch("/c"))
	first := l.files[1-l.current]
	if _, err := first.file.WriteAt([]byte{1, 2, 3}, headerSize+20); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, 0)
	if err == nil || !strings.Contains(err.Error(), "records 1 to 1 are missing; restore") {
		t.Errorf("a damaged log opened: %v", err)
	}
}

// TestLog_killed kills the process after any byte of a write, at any point of any
// life, and demands every batch that was acknowledged and not released, in order. The
// one that was being written may be there when its bytes are: what an earlier turn
// left may be the same.
func TestLog_killed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "eventlog")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l, err := Open(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		var acknowledged []string
		var released uint64
		size := rapid.SampledFrom([]int{1, 1000, switchAt / 2})
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			path := fmt.Sprint("/", i, "/", strings.Repeat("x", size.Draw(t, "size")))
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1: // the store has some of it
				released = rapid.Uint64Range(released, l.last).Draw(t, "released")
				l.Release(released)
			case 2: // killed within a write
				s, err := l.segment()
				if err != nil {
					t.Fatal(err)
				}
				end := s.end
				before, err := os.ReadFile(s.file.Name())
				if err != nil {
					t.Fatal(err)
				}
				if err := s.append(l.last+1, batch(path)); err != nil {
					t.Fatal(err)
				}
				kept := rapid.Int64Range(end, s.end-1).Draw(t, "kept")
				if err := s.file.Truncate(kept); err != nil {
					t.Fatal(err)
				}
				if kept < int64(len(before)) { // an earlier turn wrote there
					if _, err := s.file.WriteAt(before[kept:], kept); err != nil {
						t.Fatal(err)
					}
				}
				_ = l.closeFiles()
				if l, err = Open(dir, released); err != nil {
					t.Fatal(err)
				}
				want := slices.Clone(acknowledged[released:])
				events, number := l.Take()
				var got []string
				for _, e := range events {
					got = append(got, e.Path)
				}
				if len(got) == len(want)+1 {
					want, acknowledged = append(want, path), append(acknowledged, path)
				}
				if !slices.Equal(got, want) || number != uint64(len(acknowledged)) {
					t.Fatalf("%d events up to %d, want %d of %d", len(got), number, len(want), len(acknowledged))
				}
				released = number
				l.Release(number)
			default:
				if err := l.Append(batch(path)); err != nil {
					t.Fatal(err)
				}
				acknowledged = append(acknowledged, path)
			}
		}
		_ = l.closeFiles()
	})
}

// BenchmarkAppend appends batches of the size that 64 clients make, and in the same
// run writes and syncs as many bytes: what the log adds to its disk.
func BenchmarkAppend(b *testing.B) {
	l, err := Open(filepath.Join(b.TempDir(), "log"), 0)
	if err != nil {
		b.Fatal(err)
	}
	defer l.closeFiles()
	events := batch(strings.Split(strings.Repeat("/page ", 19)+"/page", " ")...)
	if err := l.Append(events); err != nil {
		b.Fatal(err)
	}
	s := l.files[l.current]
	before := s.end
	if err := l.Append(events); err != nil {
		b.Fatal(err)
	}
	bytes := make([]byte, s.end-before)
	raw, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	rounds := 0
	var bare, logged time.Duration
	for b.Loop() {
		started := time.Now()
		if _, err := raw.WriteAt(bytes, int64(rounds%1000*len(bytes))); err != nil {
			b.Fatal(err)
		}
		if err := raw.Sync(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(started)
		started = time.Now()
		if err := l.Append(events); err != nil {
			b.Fatal(err)
		}
		logged += time.Since(started)
		if rounds++; rounds%1000 == 0 {
			_, number := l.Take()
			l.Release(number)
		}
	}
	b.ReportMetric(float64(logged)/float64(bare), "ratio")
	b.ReportMetric(float64(len(bytes))/float64(len(events)), "B/event")
}
