// Package eventlog is the write-ahead log of an event store: it makes batches of
// events durable, and holds them until the store has them in its tables.
//
// Read Open, Append, Take and Release, which are the life of a batch. A table takes
// far more time for a small batch than for a large one; the log takes one write and
// one sync for any, so that events can be acknowledged at once and stored together.
//
// It may import event. It must not know an engine, nor what a table looks like.
package eventlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"datafast/internal/event"
)

const (
	// switchAt is how long a file grows before the other one is taken, when that is free.
	switchAt = 1 << 20
	// fullAt is how many bytes may wait for the tables: some 100,000 events.
	fullAt = 32 << 20
)

// Log is an open log. It is safe for concurrent use.
//
// Two files take turns: while the events of one are on their way into the tables the
// other is written, and then the first one again from its beginning, so that neither
// grows for long. Nothing is removed from a file: a record is one of the log's as
// long as its number follows that of the record before it.
type Log struct {
	dir string

	mu       sync.Mutex // guards what follows
	files    [2]*segment
	current  int
	last     uint64         // number of the last record
	released uint64         // up to which record everything is in the tables
	waiting  []*event.Event // since the last Take
}

// Open opens the log in a directory, makes it when there is none, and reads what is
// left in it: the records behind number stored wait to be taken, and have to be
// released before anything is appended. A record that the last run did not finish is
// not one. A damaged log is an error.
func Open(dir string, stored uint64) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make event log: %w", err)
	}
	l := &Log{dir: dir, last: stored, released: stored}
	var left [2][]record
	for i := range l.files {
		s, records, err := openSegment(filepath.Join(dir, fmt.Sprint(i+1)))
		if err != nil {
			return nil, errors.Join(err, l.closeFiles())
		}
		l.files[i], left[i] = s, records
	}
	if err := errors.Join(l.read(left), syncDir(dir)); err != nil {
		return nil, errors.Join(err, l.closeFiles())
	}
	return l, nil
}

// read takes the records behind l.last for waiting, those of the older file first.
func (l *Log) read(left [2][]record) error {
	older := 0
	if l.files[1].last <= l.files[0].last {
		older = 1
	}
	for _, i := range []int{older, 1 - older} {
		for _, r := range left[i] {
			if r.number <= l.last {
				continue
			}
			if r.number != l.last+1 {
				return fmt.Errorf("event log %s is damaged: records %d to %d are missing; restore the data directory from a backup, or move the log away to go on without the events in it", l.dir, l.last+1, r.number-1)
			}
			l.last = r.number
			l.waiting = append(l.waiting, r.events...)
		}
	}
	l.current = 1 - older
	return nil
}

// Append makes a batch durable; all of it when it returns without an error, none of
// it otherwise.
func (l *Log) Append(batch []*event.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err := l.segment()
	if err == nil {
		err = s.append(l.last+1, batch)
	}
	if err != nil {
		return fmt.Errorf("write event log: %w", err)
	}
	l.last++
	l.waiting = append(l.waiting, batch...)
	return nil
}

// segment is the file for the next record.
func (l *Log) segment() (*segment, error) {
	s, other := l.files[l.current], l.files[1-l.current]
	switch {
	case s.last <= l.released:
		return s, s.restart()
	case s.stream == nil:
		return nil, errors.New("what the last run left is not released")
	case s.end >= switchAt && other.last <= l.released:
		l.current = 1 - l.current
		return other, other.restart()
	}
	return s, nil
}

// Take returns the events that were appended since the last Take, in order, and the
// number to release when they are in the tables.
func (l *Log) Take() (events []*event.Event, number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events, l.waiting = l.waiting, nil
	return events, l.last
}

// Release says that everything up to a number is in the tables for good.
func (l *Log) Release(number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.released = max(l.released, number)
}

// Full reports whether so much waits that the tables should have it before more is
// appended.
func (l *Log) Full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	var held int64
	for _, s := range l.files {
		if s.last > l.released {
			held += s.end
		}
	}
	return held >= fullAt
}

// Close closes the log, and removes it when nothing is left in it.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.closeFiles()
	if l.last == l.released {
		err = errors.Join(err, os.RemoveAll(l.dir))
	}
	return err
}

func (l *Log) closeFiles() error {
	var err error
	for _, s := range l.files {
		if s != nil {
			err = errors.Join(err, s.file.Close())
		}
	}
	return err
}

// syncDir makes the names of the files in a directory, and its own, durable.
func syncDir(dir string) error {
	for _, path := range []string{dir, filepath.Dir(dir)} {
		d, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open event log: %w", err)
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return fmt.Errorf("sync event log: %w", err)
		}
	}
	return nil
}
