"""Google's Gemini interface: generateContent, and its batches."""
