// Texts as C has them: UTF-8 that ends with a zero.
using System;
using System.Text;

namespace Heddle {
  internal static unsafe class Utf8 {
    internal static byte[] Bytes(string text) {
      return Encoding.UTF8.GetBytes(text + "\0");
    }

    internal static string Text(byte* text) {
      if (text == null) return "";
      int length = 0;
      while (text[length] != 0) length++;
      return length == 0 ? "" : Encoding.UTF8.GetString(text, length);
    }
  }
}
