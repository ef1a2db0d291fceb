import { jsonLanguage } from "@codemirror/lang-json";

type Node = ReturnType<typeof jsonLanguage.parser.parse>["topNode"];

/** Where something stands in a text, by character. */
export interface Place {
  from: number;
  to: number;
}

/**
 * Finds every value of a JSON text by its path (`$.a.b[2]`), as the server names them. A text that is not whole gives
 * what can be read of it.
 */
export function placesOf(text: string): Map<string, Place> {
  const places = new Map<string, Place>();
  const find = (value: Node | null | undefined, path: string, from = value?.from ?? 0) => {
    if (!value || value.type.isError) return;
    places.set(path, { from, to: value.to });
    if (value.name === "Array") for (const [index, one] of valuesIn(value).entries()) find(one, `${path}[${index}]`);
    for (const property of value.getChildren("Property")) {
      const name = property.getChild("PropertyName");
      if (name) find(valuesIn(property)[0], `${path}.${JSON.parse(text.slice(name.from, name.to))}`, property.from);
    }
  };
  find(jsonLanguage.parser.parse(text).topNode.firstChild, "$");
  return places;
}

const VALUES = ["Object", "Array", "String", "Number", "True", "False", "Null"];

/** The elements of an array, or the value of a property. */
function valuesIn(node: Node): Node[] {
  const found: Node[] = [];
  for (let at = node.firstChild; at; at = at.nextSibling) if (VALUES.includes(at.name)) found.push(at);
  return found;
}

/** The place of a path, or of the nearest thing around it that is there. */
export function placeOf(places: Map<string, Place>, path: string): Place {
  let at = path;
  while (at && !places.has(at)) at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0));
  return places.get(at) ?? { from: 0, to: 0 };
}
