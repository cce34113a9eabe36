"""What models say, mapped to what people say."""
