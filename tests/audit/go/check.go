// Command check verifies a log directory, receipts and consistency proofs with golang.org/x/mod's
// sumdb/note and sumdb/tlog: an implementation that shares nothing with the one under test.
//
// Usage: check DIR VKEY. Beside checkpoint and tile/ it reads DIR/claims.json and writes a note
// signed with a key of its own to standard output, its vkey in the first line.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claims struct {
	Receipts []struct {
		Entry string
		Proof string
	}
	Consistency []struct {
		OldSize, NewSize int64
		OldRoot, NewRoot string
		Proof            []string
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func parseHash(text string) tlog.Hash {
	hash, err := tlog.ParseHash(text)
	must(err)
	return hash
}

func parseHashes(texts []string) []tlog.Hash {
	var hashes []tlog.Hash
	for _, text := range texts {
		hashes = append(hashes, parseHash(text))
	}
	return hashes
}

type checkpoint struct {
	size int64
	root tlog.Hash
}

func open(message []byte, vkey string) checkpoint {
	verifier, err := note.NewVerifier(vkey)
	must(err)
	opened, err := note.Open(message, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		log.Fatalf("origin %q", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return checkpoint{size, parseHash(lines[2])}
}

func place(index int64) string {
	text := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		text = fmt.Sprintf("x%03d/%s", index%1000, text)
	}
	return text
}

func read(dir, level string, index, width int64) []byte {
	path := filepath.Join(dir, "tile", level, place(index))
	if width < 256 {
		path = filepath.Join(path+".p", strconv.FormatInt(width, 10))
	}
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func entries(dir string, size int64) [][]byte {
	var all [][]byte
	for start := int64(0); start < size; start += 256 {
		width := size - start
		if width > 256 {
			width = 256
		}
		data := read(dir, "entries", start/256, width)
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	return all
}

type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

func checkTiles(dir string, size int64, hashes storage) {
	for level := 0; size>>(8*level) > 0; level++ {
		count := size >> (8 * level)
		for start := int64(0); start < count; start += 256 {
			width := count - start
			if width > 256 {
				width = 256
			}
			var derived bytes.Buffer
			for index := start; index < start+width; index++ {
				hash := hashes[tlog.StoredHashIndex(8*level, index)]
				derived.Write(hash[:])
			}
			if !bytes.Equal(derived.Bytes(), read(dir, strconv.Itoa(level), start/256, width)) {
				log.Fatalf("tile %d of level %d differs", start/256, level)
			}
		}
	}
}

func checkReceipt(entry, proof, vkey string) {
	leaf, err := base64.StdEncoding.DecodeString(entry)
	must(err)
	head, signed, _ := strings.Cut(proof, "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatalf("not a proof: %q", lines[0])
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	must(err)
	tree := open([]byte(signed), vkey)
	must(tlog.CheckRecord(parseHashes(lines[2:]), tree.size, tree.root, index, tlog.RecordHash(leaf)))
}

func main() {
	log.SetFlags(0)
	dir, vkey := os.Args[1], os.Args[2]
	message, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	must(err)
	tree := open(message, vkey)

	var hashes storage
	records := entries(dir, tree.size)
	if int64(len(records)) != tree.size {
		log.Fatalf("%d entries, not %d", len(records), tree.size)
	}
	for index, record := range records {
		more, err := tlog.StoredHashesForRecordHash(int64(index), tlog.RecordHash(record), hashes)
		must(err)
		hashes = append(hashes, more...)
	}
	root, err := tlog.TreeHash(tree.size, hashes)
	must(err)
	if root != tree.root {
		log.Fatal("the entries do not have the signed root")
	}
	checkTiles(dir, tree.size, hashes)

	data, err := os.ReadFile(filepath.Join(dir, "claims.json"))
	must(err)
	var claimed claims
	must(json.Unmarshal(data, &claimed))
	for _, receipt := range claimed.Receipts {
		checkReceipt(receipt.Entry, receipt.Proof, vkey)
	}
	for _, c := range claimed.Consistency {
		must(tlog.CheckTree(parseHashes(c.Proof), c.NewSize, parseHash(c.NewRoot), c.OldSize, parseHash(c.OldRoot)))
	}

	secret, public, err := note.GenerateKey(rand.Reader, "go.example/log")
	must(err)
	signer, err := note.NewSigner(secret)
	must(err)
	text := fmt.Sprintf("go.example/log\n%d\n%s\n", tree.size, tree.root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	fmt.Printf("%s\n%s\n%s", public, secret, signed)
}
