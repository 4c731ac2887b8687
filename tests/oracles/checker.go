// An independent check of a public log: signatures, tree and proofs by Go's own sumdb packages, none of them ours.
//
// checker [-proof FILE] [-old FILE [-consistency FILE]] -key FILE LOG
//
// LOG is a folder or an http:// address. Every tile and every entry is read and must belong to the signed root. FILE of
// -key has one vkey a line, -proof is a tlog-proof of a leaf of the log, -old an older signed checkpoint, -consistency
// base64 hashes, one a line, that lead from it to this one. Exit 0: all of it holds; 1: it does not, said on stderr.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	mostBytes  = 32 << 20
	patience   = 10 * time.Second
)

// A source gives the bytes of a log's file; os.ErrNotExist if there is none.
type source func(path string) ([]byte, error)

func fromFolder(folder string) source {
	return func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(folder, filepath.FromSlash(path)))
	}
}

// fromAddress speaks just enough HTTP/1.0 for static files: net/http would take a minute to compile.
func fromAddress(address string) source {
	host, prefix, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	return func(path string) ([]byte, error) {
		connection, err := net.DialTimeout("tcp", host, patience)
		if err != nil {
			return nil, err
		}
		defer connection.Close()
		if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
			return nil, err
		}
		target := "/" + strings.TrimSuffix(prefix, "/") + "/" + path
		fmt.Fprintf(connection, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", strings.ReplaceAll(target, "//", "/"), host)
		answer, err := io.ReadAll(io.LimitReader(connection, mostBytes))
		if err != nil {
			return nil, err
		}
		head, body, found := bytes.Cut(answer, []byte("\r\n\r\n"))
		status := strings.Fields(string(head) + " - -")[1]
		if status == "404" {
			return nil, os.ErrNotExist
		}
		if !found || status != "200" {
			return nil, fmt.Errorf("%s: answered with %s", path, status)
		}
		return body, nil
	}
}

// tiles reads tiles of hashes for tlog; a partial one may have been replaced by the full one.
type tiles struct{ read source }

func (t tiles) Height() int                     { return tileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := wide(t.read, pathOf(tile), tile.W*tlog.HashSize, tile.W)
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func pathOf(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// wide reads a file of a tile's width, or of the full tile that took its place; most is what it may have, 0 is any.
func wide(read source, path string, most int, width int) ([]byte, error) {
	data, err := read(path)
	if errors.Is(err, os.ErrNotExist) && width < tileWidth {
		data, err = read(path[:strings.LastIndex(path, ".p/")])
		if err == nil && most > 0 && len(data) > most {
			data = data[:most]
		}
	}
	if err != nil {
		return nil, err
	}
	if most > 0 && len(data) != most {
		return nil, fmt.Errorf("%s: has %d bytes, not %d", path, len(data), most)
	}
	return data, nil
}

// A checkpoint is what a log has signed.
type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func opened(data []byte, keys note.Verifiers) (checkpoint, error) {
	signed, err := note.Open(data, keys)
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, errors.New("the checkpoint has not three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return checkpoint{}, errors.New("the checkpoint's size is no number")
	}
	root, err := tlog.ParseHash(lines[2])
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, err
}

func keysFrom(path string) (note.Verifiers, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys []note.Verifier
	for _, line := range strings.Fields(string(data)) {
		key, err := note.NewVerifier(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return note.VerifierList(keys...), nil
}

// checkEntries compares the hash of every entry with the authenticated tree.
func checkEntries(read source, tree tlog.Tree, hashes tlog.HashReader) error {
	for start := int64(0); start < tree.N; start += tileWidth {
		count := min(tree.N-start, tileWidth)
		entries, err := bundle(read, start/tileWidth, int(count))
		if err != nil {
			return err
		}
		var indexes []int64
		for at := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, start+int64(at)))
		}
		known, err := hashes.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for at, entry := range entries {
			if tlog.RecordHash(entry) != known[at] {
				return fmt.Errorf("entry %d is not the one of the tree", start+int64(at))
			}
		}
	}
	return nil
}

func bundle(read source, number int64, count int) ([][]byte, error) {
	path := pathOf(tlog.Tile{H: tileHeight, L: -1, N: number, W: count})
	data, err := wide(read, path, 0, count)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s: ends in entry %d", path, len(entries))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries, data = append(entries, data[2:end]), data[end:]
	}
	if len(entries) != count && len(entries) != tileWidth {
		return nil, fmt.Errorf("%s: has %d entries, not %d", path, len(entries), count)
	}
	return entries[:count], nil
}

// checkProof verifies a tlog-proof of one of the log's own leaves.
func checkProof(read source, path string, keys note.Verifiers) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, signed, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("the proof is no tlog-proof")
	}
	if strings.HasPrefix(lines[1], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	if proof, err = hashesOf(lines[2:]); err != nil {
		return err
	}
	point, err := opened(signed, keys)
	if err != nil {
		return err
	}
	count := min(point.tree.N-index/tileWidth*tileWidth, tileWidth)
	entries, err := bundle(read, index/tileWidth, int(count))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, point.tree.N, point.tree.Hash, index, tlog.RecordHash(entries[index%tileWidth]))
}

// checkOlder verifies that the tree goes on from an older one: by the proof given, and by one made of the tiles.
func checkOlder(older, proofs string, keys note.Verifiers, now checkpoint, hashes tlog.HashReader) error {
	data, err := os.ReadFile(older)
	if err != nil {
		return err
	}
	old, err := opened(data, keys)
	if err != nil {
		return err
	}
	if old.origin != now.origin {
		return errors.New("the older checkpoint is of another log")
	}
	if old.tree.N > now.tree.N {
		return fmt.Errorf("the size went back from %d to %d", old.tree.N, now.tree.N)
	}
	proof, err := tlog.ProveTree(now.tree.N, old.tree.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, now.tree.N, now.tree.Hash, old.tree.N, old.tree.Hash); err != nil {
		return err
	}
	if proofs == "" {
		return nil
	}
	if data, err = os.ReadFile(proofs); err != nil {
		return err
	}
	if proof, err = hashesOf(strings.Fields(string(data))); err != nil {
		return err
	}
	return tlog.CheckTree(proof, now.tree.N, now.tree.Hash, old.tree.N, old.tree.Hash)
}

func hashesOf(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		data, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(data) != tlog.HashSize {
			return nil, errors.New("a proof has something that is no hash")
		}
		hashes = append(hashes, tlog.Hash(data))
	}
	return hashes, nil
}

func run() error {
	keyFile := flag.String("key", "", "file of vkeys, one a line")
	proof := flag.String("proof", "", "a tlog-proof of a leaf of the log")
	older := flag.String("old", "", "an older signed checkpoint")
	consistency := flag.String("consistency", "", "hashes that lead from -old to the checkpoint")
	flag.Parse()
	read := fromFolder(flag.Arg(0))
	if strings.HasPrefix(flag.Arg(0), "http://") {
		read = fromAddress(flag.Arg(0))
	}
	keys, err := keysFrom(*keyFile)
	if err != nil {
		return err
	}
	data, err := read("checkpoint")
	if err != nil {
		return err
	}
	now, err := opened(data, keys)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(now.tree, tiles{read})
	if err := checkEntries(read, now.tree, hashes); err != nil {
		return err
	}
	if *proof != "" {
		if err := checkProof(read, *proof, keys); err != nil {
			return err
		}
	}
	if *older != "" {
		if err := checkOlder(*older, *consistency, keys, now, hashes); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintf(out, "%s %d %s\n", now.origin, now.tree.N, now.tree.Hash)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "checker:", err)
		os.Exit(1)
	}
}
