// What two SOQL parsers say of the queries on stdin: a JSON list of texts, answered by a JSON list of
// complaints, each with the parser, the query and what is wrong with it.
import { readFileSync } from "node:fs";
import { ApexErrorListener, ApexParserFactory } from "@apexdevtools/apex-parser";
import { parseQuery } from "@jetstreamapp/soql-parser-js";

class Listener extends ApexErrorListener {
  errors = [];

  apexSyntaxError(line, column, message) {
    this.errors.push(`${line}:${column} ${message}`);
  }
}

const parsers = {
  "@apexdevtools/apex-parser": (soql) => {
    const listener = new Listener();
    const { parser } = ApexParserFactory.createLexerAndParser(soql, listener);
    const tree = parser.query();
    const rest = tree.stop === null ? soql : soql.slice(tree.stop.stop + 1);
    return [...listener.errors, ...(rest === "" ? [] : [`it ends before: ${rest}`])];
  },
  "@jetstreamapp/soql-parser-js": (soql) => {
    try {
      parseQuery(soql);
    } catch (error) {
      return [String(error)];
    }
    return [];
  },
};

const complaints = [];
for (const soql of JSON.parse(readFileSync(0, "utf8"))) {
  for (const [parser, parse] of Object.entries(parsers)) {
    for (const error of parse(soql)) {
      complaints.push({ parser, soql, error });
    }
  }
}
process.stdout.write(JSON.stringify(complaints));
