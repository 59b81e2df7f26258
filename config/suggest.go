package config

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns up to n known words with a spelling like that of word, the most
// similar first.
func Nearest(word string, known []string, n int) []string {
	type candidate struct {
		word string
		far  int
	}
	var near []candidate
	for _, k := range known {
		if far := distance(strings.ToLower(word), strings.ToLower(k)); far <= max(1, min(len(word), len(k))/3) {
			near = append(near, candidate{k, far})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.word, b.word))
	})
	var words []string
	for _, c := range near[:min(n, len(near))] {
		words = append(words, c.word)
	}
	return words
}

// distance returns how many bytes to insert, delete, replace or swap with their
// neighbour to turn a into b.
func distance(a, b string) int {
	if len(a) > 100 || len(b) > 100 {
		return 100 // no key is that long
	}
	before, row := make([]int, len(b)+1), make([]int, len(b)+1) // of the last but one byte of a, and of the last
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			replace := row[j]
			if a[i] != b[j] {
				replace++
			}
			next[j+1] = min(replace, next[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// alternatives returns words as part of a sentence, as in a, b or c.
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
