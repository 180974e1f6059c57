// Package slip tells what somebody may have meant who typed a name that there is not.
package slip

import "strings"

// Of reports whether typed may be a slip of meant: the same in another case, a part of it,
// or different in a third of its letters at most.
func Of(typed, meant string) bool {
	typed, meant = strings.ToLower(typed), strings.ToLower(meant)
	if typed == "" {
		return false
	}
	return strings.Contains(meant, typed) || distance(typed, meant) <= tolerated(min(len(typed), len(meant)))
}

// Among returns those of names that typed may be a slip of, in their order.
func Among(typed string, names []string) []string {
	var near []string
	for _, name := range names {
		if Of(typed, name) {
			near = append(near, name)
		}
	}
	return near
}

// Hint is "; did you mean …?" with the names that typed may be a slip of, "" if there are
// none.
func Hint(typed string, names []string) string {
	const most = 3
	near := Among(typed, names)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near[:min(len(near), most)], " or ") + "?"
}

// tolerated is how many wrong letters still look like a slip among n.
func tolerated(n int) int {
	if n < 3 {
		return n - 1
	}
	return max(2, n/3)
}

// distance is the number of letters to insert, remove or replace to turn a into b. Long
// texts, which no one types by hand, are not compared.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
