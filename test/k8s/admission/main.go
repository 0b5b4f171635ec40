// Judges objects by ValidatingAdmissionPolicies with the library that Kubernetes evaluates them with. Reads
// {"policies": […], "requests": [{"object", "oldObject", "request", "params", "namespaceObject"}, …]} and prints, for each request, the
// messages of the validations that refuse it, by policy. An expression that cannot be compiled or evaluated ends the program.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
)

type named struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

type validation struct {
	Expression        string `json:"expression"`
	Message           string `json:"message"`
	MessageExpression string `json:"messageExpression"`
}

type policy struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		MatchConditions []named      `json:"matchConditions"`
		Variables       []named      `json:"variables"`
		Validations     []validation `json:"validations"`
	} `json:"spec"`
}

type input struct {
	Policies []policy         `json:"policies"`
	Requests []map[string]any `json:"requests"`
}

var names = []string{"object", "oldObject", "request", "params", "namespaceObject"}

func newEnvironment() (*cel.Env, error) {
	options := []cel.EnvOption{
		// Kubernetes takes version 2 of the functions on strings since 1.29.
		ext.Strings(ext.StringsVersion(2)),
		cel.Variable("variables", cel.MapType(cel.StringType, cel.DynType)),
	}
	for _, name := range names {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	return cel.NewEnv(options...)
}

func evaluate(environment *cel.Env, expression string, values map[string]any) any {
	tree, issues := environment.Compile(expression)
	if issues.Err() != nil {
		fail(expression, issues.Err())
	}
	program, err := environment.Program(tree)
	if err != nil {
		fail(expression, err)
	}
	result, _, err := program.Eval(values)
	if err != nil {
		fail(expression, err)
	}
	return result.Value()
}

func fail(expression string, err error) {
	fmt.Fprintf(os.Stderr, "%s\n%v\n", expression, err)
	os.Exit(1)
}

func matches(environment *cel.Env, one policy, values map[string]any) bool {
	for _, condition := range one.Spec.MatchConditions {
		if evaluate(environment, condition.Expression, values) != true {
			return false
		}
	}
	return true
}

func refusals(environment *cel.Env, one policy, values map[string]any) []string {
	variables := map[string]any{}
	values["variables"] = variables
	for _, variable := range one.Spec.Variables {
		variables[variable.Name] = evaluate(environment, variable.Expression, values)
	}
	messages := []string{}
	for _, check := range one.Spec.Validations {
		if evaluate(environment, check.Expression, values) == true {
			continue
		}
		message := check.Message
		if check.MessageExpression != "" {
			message = fmt.Sprint(evaluate(environment, check.MessageExpression, values))
		}
		messages = append(messages, message)
	}
	return messages
}

func main() {
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fail("standard input", err)
	}
	environment, err := newEnvironment()
	if err != nil {
		fail("environment", err)
	}
	judged := []map[string][]string{}
	for _, request := range given.Requests {
		byPolicy := map[string][]string{}
		for _, one := range given.Policies {
			values := map[string]any{}
			for _, name := range names {
				values[name] = request[name]
			}
			if matches(environment, one, values) {
				byPolicy[one.Metadata.Name] = refusals(environment, one, values)
			}
		}
		judged = append(judged, byPolicy)
	}
	if err := json.NewEncoder(os.Stdout).Encode(judged); err != nil {
		fail("standard output", err)
	}
}
