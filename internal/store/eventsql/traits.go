package eventsql

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// orderedObject is a JSON object whose keys keep the order in which they were
// last written.
type orderedObject struct {
	keys   []string
	values map[string]json.RawMessage
}

// add writes the keys of a JSON object; "" adds none. An empty name or image does
// not replace what is known.
func (o *orderedObject) add(text string) error {
	if text == "" {
		return nil
	}
	if o.values == nil {
		o.values = map[string]json.RawMessage{}
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("read traits: %w", err)
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return fmt.Errorf("read trait: %w", err)
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("read trait %q: %w", key, err)
		}
		if (key == "name" || key == "image") && string(value) == `""` && o.values[key] != nil {
			continue
		}
		o.set(key, value)
	}
	return nil
}

func (o *orderedObject) set(key string, value json.RawMessage) {
	if _, known := o.values[key]; known {
		for i, k := range o.keys {
			if k == key {
				o.keys = append(o.keys[:i], o.keys[i+1:]...)
				break
			}
		}
	}
	o.keys = append(o.keys, key)
	o.values[key] = value
}

// json writes the last keys, at most the given number of them.
func (o *orderedObject) json(most int) (string, error) {
	keys := o.keys
	if len(keys) > most {
		keys = keys[len(keys)-most:]
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(k)
		if err != nil {
			return "", fmt.Errorf("write trait %q: %w", k, err)
		}
		b.Write(name)
		b.WriteByte(':')
		if err := json.Compact(&b, o.values[k]); err != nil {
			return "", fmt.Errorf("write trait %q: %w", k, err)
		}
	}
	b.WriteByte('}')
	return b.String(), nil
}

// maxTraits is how many metadata keys a profile keeps, the last written ones
// (tracker.md §11).
const maxTraits = 50

// MergeTraits merges a JSON object of new traits into the stored one. An empty
// name or image does not replace what is known.
func MergeTraits(stored, fresh string) (string, error) {
	merged := orderedObject{}
	if err := merged.add(stored); err != nil {
		return "", err
	}
	if err := merged.add(fresh); err != nil {
		return "", err
	}
	return merged.json(maxTraits)
}
