package eventsql

import (
	"reflect"
	"testing"

	"datafast/internal/event"
)

// TestCheckEvent spoils every text of an event in turn: none is forgotten.
func TestCheckEvent(t *testing.T) {
	t.Parallel()
	fine := func() *event.Event {
		return &event.Event{ID: "0123456789abcdef01234567", Path: "/ü", Kind: event.Pageview}
	}
	if err := CheckEvent(fine()); err != nil {
		t.Fatal(err)
	}
	var spoil func(path string, of func(*event.Event) reflect.Value)
	spoil = func(path string, of func(*event.Event) reflect.Value) {
		kind := of(fine()).Type()
		for i := range kind.NumField() {
			field := func(e *event.Event) reflect.Value { return of(e).Field(i) }
			name := path + kind.Field(i).Name
			switch {
			case kind.Field(i).Type.Kind() == reflect.String:
				e := fine()
				field(e).SetString("a\xff")
				if CheckEvent(e) == nil {
					t.Errorf("%s that is not UTF-8 is let through", name)
				}
			case kind.Field(i).Type.PkgPath() == reflect.TypeFor[event.Event]().PkgPath() && kind.Field(i).Type.Kind() == reflect.Struct:
				spoil(name+".", field)
			}
		}
	}
	spoil("", func(e *event.Event) reflect.Value { return reflect.ValueOf(e).Elem() })
	traits := fine()
	traits.Kind, traits.Data = event.Identify, `{"email":`
	if CheckEvent(traits) == nil {
		t.Error("traits that are no JSON object are let through")
	}
}
