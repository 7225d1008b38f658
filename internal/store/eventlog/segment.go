package eventlog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"datafast/internal/event"
)

// A record is a header and a batch. The header is, in little endian: checksum
// (CRC-32C of all that follows it), length of the batch in bytes, number. Batches are
// one stream of encoding/gob from the beginning of the file: the first one describes
// the fields, by name, so that a later version reads what an earlier one wrote.
const headerSize = 4 + 4 + 8

// record is one batch as it was read.
type record struct {
	number uint64
	events []*event.Event
}

// segment is one file of a log. Behind its end may lie records of an earlier turn.
type segment struct {
	file *os.File
	end  int64  // where the next record goes
	last uint64 // number of the last record; 0: none
	torn bool   // what is behind end must be cut off first

	stream *gob.Encoder // of this turn; nil: nothing was appended in it
	buf    bytes.Buffer
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// openSegment opens a file, makes it if need be, and reads its records.
func openSegment(path string) (*segment, []record, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open event log: %w", err)
	}
	s := &segment{file: file}
	records, err := s.read()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return s, records, nil
}

// read reads the records from the beginning to the first that is not whole or does
// not follow its predecessor. What is behind it is no record of this log: a write
// that was not finished, or an earlier turn.
func (s *segment) read() ([]record, error) {
	info, err := s.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read event log: %w", err)
	}
	in, left := bufio.NewReader(s.file), info.Size()
	var batches bytes.Buffer
	stream := gob.NewDecoder(&batches)
	var out []record
	for {
		number, batch, err := readRecord(in, left)
		if err != nil {
			return nil, fmt.Errorf("read event log %s: %w", s.file.Name(), err)
		}
		if batch == nil || s.last != 0 && number != s.last+1 {
			return out, nil
		}
		left -= headerSize + int64(len(batch))
		batches.Write(batch)
		r := record{number: number}
		if err := stream.Decode(&r.events); err != nil {
			return nil, fmt.Errorf("event log %s: record %d cannot be read by this version: %w; run the version that wrote it once", s.file.Name(), number, err)
		}
		out = append(out, r)
		s.last = number
		s.end += headerSize + int64(len(batch))
	}
}

// readRecord reads the next record; the batch is nil where there is none.
func readRecord(in io.Reader, left int64) (number uint64, batch []byte, err error) {
	var header [headerSize]byte
	if left < headerSize {
		return 0, nil, nil
	}
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return 0, nil, err
	}
	length := int64(binary.LittleEndian.Uint32(header[4:]))
	if length == 0 || length > left-headerSize {
		return 0, nil, nil
	}
	whole := append(header[4:], make([]byte, length)...)
	if _, err := io.ReadFull(in, whole[headerSize-4:]); err != nil {
		return 0, nil, err
	}
	if checksum(whole) != binary.LittleEndian.Uint32(header[:]) {
		return 0, nil, nil
	}
	return binary.LittleEndian.Uint64(whole[4:]), whole[headerSize-4:], nil
}

// restart begins a new turn: the next record is the first one of the file.
func (s *segment) restart() error {
	s.end, s.stream = 0, nil
	return s.cut()
}

// append writes a record and syncs. After an error nothing of it is left.
func (s *segment) append(number uint64, batch []*event.Event) error {
	if err := s.cut(); err != nil {
		return err
	}
	if s.stream == nil {
		s.stream = gob.NewEncoder(&s.buf)
	}
	s.buf.Reset()
	s.buf.Write(make([]byte, headerSize))
	if err := s.stream.Encode(batch); err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	b := s.buf.Bytes()
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-headerSize))
	binary.LittleEndian.PutUint64(b[8:], number)
	binary.LittleEndian.PutUint32(b, checksum(b[4:]))
	_, err := s.file.WriteAt(b, s.end)
	if err == nil {
		err = syncData(s.file)
	}
	if err != nil {
		s.torn = true
		if s.end == 0 {
			s.stream = nil // it has described the fields, and nobody read it
		}
		return errors.Join(err, s.cut())
	}
	s.end += int64(len(b))
	s.last = number
	return nil
}

// cut removes what a failed write may have left: a refused record must not be read
// at the next start.
func (s *segment) cut() error {
	if !s.torn {
		return nil
	}
	if err := errors.Join(s.file.Truncate(s.end), s.file.Sync()); err != nil {
		return err
	}
	s.torn = false
	return nil
}
