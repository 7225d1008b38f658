package ingest

import (
	"context"
	"errors"
	"testing"
	"time"

	"datafast/internal/event"
	"datafast/internal/site"
)

// slowDrops takes a flush in, says so, and keeps it until it is let go.
type slowDrops struct {
	entered, leave chan struct{}
	err            error
	got            []Drops
}

func (s *slowDrops) AddDrops(_ context.Context, d Drops) error {
	s.entered <- struct{}{}
	<-s.leave
	if s.err != nil {
		return s.err
	}
	s.got = append(s.got, d)
	return nil
}

func dropped(host string) *arrival {
	a := &arrival{website: &site.Website{ID: "w"}, now: time.Unix(1_700_000_000, 0)}
	a.page.Hostname = host
	a.message.visitor = event.VisitorID{1}
	return a
}

// A reader that flushes while the ticker's flush is still writing must not
// return before that one: it would read counts without those in flight.
func TestDropBook_flushWaitsForTheOneUnderWay(t *testing.T) {
	store := &slowDrops{entered: make(chan struct{}, 2), leave: make(chan struct{})}
	b := newDropBook(store)
	b.add(dropped("a.test"), DropHostname)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- b.flush(t.Context()) }()
	<-store.entered
	go func() { second <- b.flush(t.Context()) }()
	select {
	case <-second:
		t.Fatal("the second flush returned while the first was still writing")
	case <-time.After(50 * time.Millisecond):
	}
	close(store.leave)
	for _, c := range []chan error{first, second} {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	if len(store.got) != 1 {
		t.Errorf("%d writes, want 1", len(store.got))
	}
}

func TestDropBook_keepsWhatCouldNotBeWritten(t *testing.T) {
	store := &slowDrops{entered: make(chan struct{}, 2), leave: make(chan struct{}), err: errors.New("disk full")}
	close(store.leave)
	b := newDropBook(store)
	b.add(dropped("a.test"), DropHostname)
	b.add(dropped(""), DropBot)
	if err := b.flush(t.Context()); err == nil {
		t.Fatal("no error")
	}
	store.err = nil
	if err := b.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := store.got[0]; len(d.Counts) != 2 || len(d.Hosts) != 1 || len(d.Bots) != 1 {
		t.Errorf("wrote %+v, want two counts, a host and a bot", d)
	}
}
