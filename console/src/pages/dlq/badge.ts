/** How many dead letters are pending, for the rail; null until it is known. */
export function usePendingCount(): number | null {
  return null;
}
